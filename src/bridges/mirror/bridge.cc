// Brings devices in from the vendor's cloud: what the schedule decides, carried out.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "bridges/core/local_gateway.h"
#include "bridges/mirror/cloud.h"
#include "bridges/mirror/device_values.h"
#include "bridges/mirror/kind.h"
#include "bridges/mirror/oddities.h"
#include "bridges/mirror/pending_sets.h"
#include "bridges/mirror/schedule.h"
#include "client/api_reply.h"
#include "client/mqtt_link.h"
#include "hub/fault_injector.h"
#include "registry/rules.h"
#include "wire/topics.h"

namespace gridloom::bridges::mirror {
namespace {

using client::MqttLink;
using parameters::Arguments;
using parameters::Parameter;
using parameters::Type;
using wire::Json;
using wire::Verb;

constexpr Millis kUsualPause{10'000};
constexpr double kLeastPause_ms = 20;
constexpr double kMostPause_ms = 3'600'000;
constexpr std::size_t kBuffer = std::size_t{64} * 1024;

struct Settings {
  client::ApiOptions api{};
  std::vector<std::string> only{};
  std::string name_prefix{};
  bool is_read_only = false;
  Millis pause = kUsualPause;
  std::string intercept{};  // the name of a platform fault; empty: none
};

Settings settings_of(const Arguments& given) {
  return {.api = {.server = std::string(given.text("host")),
                  .access_key = std::string(given.text("access-key")),
                  .secret_key = Secret(std::string(given.text("secret-key"))),
                  .ca = std::filesystem::path(given.text("ca")),
                  .patience = Millis(10'000)},
          .only = given.texts("devices"),
          .name_prefix = std::string(given.text("name-prefix")),
          .is_read_only = given.flag("read-only"),
          .pause = Millis(given.integer("request-pause-ms").value_or(kUsualPause.count())),
          .intercept = std::string(given.text("intercept"))};
}

// The faults that happen to one device; the others happen to all requests of an account.
bool is_of_devices(hub::PlatformFault fault) {
  using enum hub::PlatformFault;
  constexpr std::array kOfDevices = {kFrozenSnapshot, kStaleOffline,    kNullData,
                                     kFlappingOnline, kSleepyPush,      kUnansweredSet,
                                     kRefusedValue,   kModelNotAllowed, kTextValues};
  return std::ranges::find(kOfDevices, fault) != kOfDevices.end();
}

std::string host_port_of(const client::MqttAccess& access) {
  return access.host.contains(':') ? fmt::format("[{}]:{}", access.host, access.port)
                                   : fmt::format("{}:{}", access.host, access.port);
}

// The status that the vendor publishes; nothing: the payload says none.
std::optional<bool> status_in(std::string_view payload) {
  const auto parsed = wire::parse_json(payload);
  const Json* params = parsed ? wire::member(*parsed, "params") : nullptr;
  const auto status = params == nullptr ? std::nullopt : wire::whole_in(*params, "status");
  if (!status) return std::nullopt;
  return *status != 0;
}

class Mirror final : public Bridge, public MqttLink::Listener {
 public:
  Mirror(const Parts& parts, Identity identity, Settings settings)
      : parts_(parts),
        identity_(std::move(identity)),
        settings_(std::move(settings)),
        schedule_(rhythm_of(settings_.pause), Chance(0).split(identity_.name)),
        sets_(unix_ms(SystemClock().now()) & 0x3fffffff),
        buffer_(kBuffer) {}
  ~Mirror() override { stop(); }

  void start() override;
  void stop() override;
  void tick() override;

 private:
  struct Device {
    explicit Device(catalog::FamilyPtr family) : values(std::move(family)) {}
    DeviceValues values;
    bool is_online = false;  // as the hub was told
  };

  void on_online() override;
  void on_offline(const Error& why) override;
  void on_message(std::string_view topic, std::string_view payload, bool retained) override;
  void on_acknowledged(std::chrono::nanoseconds /*took*/) override {}
  void on_filter_refused(std::string_view filter) override;

  void on_set(std::string_view sn, std::string_view payload);
  void on_report(const std::string& sn, Device& device, std::string_view payload);
  void on_reply(const std::string& sn, std::string_view payload);
  void on_latest_quotas(const std::string& sn, Device& device, std::string_view payload);

  void on_answer(const CloudAnswer& answer);
  void take(const CloudAnswer& answer);
  void take(const CloudDevices& devices);
  void take(const CloudCertificate& certificate);
  void take(const std::string& sn, const CloudQuotas& data);
  Brought take_snapshot(const std::string& sn, Device& device, const Json& data,
                        const DeviceValues::Snapshot& snapshot);

  void ask_next();
  void open_link();
  void close_link();
  void tell_presence();
  void tell_figures();
  void lay_faults();
  [[nodiscard]] static Moment now() { return std::chrono::steady_clock::now(); }
  [[nodiscard]] TimePoint device_time() const { return parts_.hub.platform().clock.now(); }
  [[nodiscard]] Health& health() const { return *identity_.health; }

  const Parts parts_;
  const Identity identity_;
  const Settings settings_;
  Schedule schedule_;
  PendingSets sets_;
  OddityCounts oddities_;
  StringMap<Device> devices_;
  std::vector<char> buffer_;
  std::unique_ptr<Cloud> cloud_;
  std::unique_ptr<LocalGateway> gateway_;
  std::optional<CloudCertificate> certificate_;
  std::shared_ptr<MqttLink> link_;  // null: there is no certificate, or there are no devices
  DeviceValues::Snapshot asked_{};  // of the request that is under way
  std::set<std::string> told_;      // reasons that health has got already
  std::size_t of_others_ = 0;
  Moment figures_at_{};
};

// ---- life

void Mirror::start() {
  gateway_ = std::make_unique<LocalGateway>(LocalGateway::Options{
      .hub = parts_.hub,
      .loop = parts_.loop,
      .account = identity_.account,
      .client_id = "bridge-" + identity_.name,
      .on_set = [this](std::string_view sn, std::string_view payload) { on_set(sn, payload); },
      .on_dropped = [this](std::size_t count) { health().count_dropped(count); }});
  cloud_ = std::make_unique<Cloud>(
      Cloud::Options{.api = settings_.api,
                     .registry = &parts_.registry,
                     .account = identity_.account,
                     .only = settings_.only,
                     .name_prefix = settings_.name_prefix,
                     .folder = identity_.folder,
                     .loop = &parts_.loop,
                     .on_answer = [this](const CloudAnswer& answer) { on_answer(answer); }});
  tick();
}

void Mirror::stop() {
  if (!cloud_) return;
  close_link();
  schedule_.link_down();
  tell_presence();
  gateway_.reset();
  cloud_.reset();
  if (!settings_.intercept.empty()) parts_.hub.lay_faults("bridge " + identity_.name, {});
}

void Mirror::tick() {
  const Moment at = now();
  gateway_->tick();
  if (link_) link_->tick(at);
  if (link_ && link_->closed() && link_->refused()) {
    close_link();
    certificate_.reset();
    schedule_.certificate_refused();
  }
  if (schedule_.takes_wake(at)) {
    health().add_to_figure("wakes");
    open_link();
  }
  ask_next();
  tell_presence();
  if (at - figures_at_ >= std::chrono::seconds(1)) tell_figures();
}

void Mirror::ask_next() {
  const Moment at = now();
  auto request = schedule_.next(at);
  if (!request) return;
  if (request->ask == Ask::kQuotas) {
    asked_ = {.asked_at = at, .was_silent = schedule_.silent(request->sn, at)};
  }
  health().add_to_figure("requests");
  cloud_->ask(std::move(*request));
}

void Mirror::tell_presence() {
  for (auto& [sn, device] : devices_) {
    const bool online = schedule_.online(sn);
    if (online == std::exchange(device.is_online, online)) continue;
    if (online) {
      gateway_->say_online(sn);
    } else {
      device.values.session_ended();
      gateway_->say_offline(sn);
    }
  }
}

void Mirror::tell_figures() {
  figures_at_ = now();
  const auto online =
      std::ranges::count_if(devices_, [](const auto& each) { return each.second.is_online; });
  health().set_figure("devices", static_cast<std::int64_t>(devices_.size()));
  health().set_figure("devices_online", online);
  health().set_figure("devices_of_others", static_cast<std::int64_t>(of_others_));
  health().set_figure("requests_per_hour",
                      static_cast<std::int64_t>(schedule_.requests_in_hour(figures_at_)));
  for (std::size_t i = 0; i < kOddityNames.size(); ++i) {
    health().set_figure(kOddityNames[i], oddities_.of(static_cast<Oddity>(i)));
  }
}

void Mirror::lay_faults() {
  const hub::PlatformFaultInfo* fault = hub::find_platform_fault(settings_.intercept);
  const auto directory = parts_.registry.directory();
  const registry::Account* account = directory->find_account(identity_.account);
  if (fault == nullptr || account == nullptr) return;
  std::vector<FaultRule> rules;
  const FaultRule rule{.fault = settings_.intercept, .account = account->name};
  if (is_of_devices(fault->fault)) {
    for (const auto& [sn, device] : devices_) {
      rules.push_back(rule);
      rules.back().sn = sn;
    }
  } else {
    rules.push_back(rule);
  }
  parts_.hub.lay_faults("bridge " + identity_.name, rules);
}

// ---- the vendor's broker

void Mirror::open_link() {
  close_link();
  if (!certificate_ || devices_.empty()) return;
  const client::MqttAccess& access = certificate_->access;
  std::vector<client::TopicFilter> filters;
  // Wildcards are refused by the vendor; exact topics are not.
  for (const auto& [sn, device] : devices_) {
    for (const Verb verb : {Verb::kQuota, Verb::kStatus, Verb::kSetReply, Verb::kGetReply}) {
      filters.push_back({.filter = wire::make_open_topic(access.user, sn, verb),
                         .qos = wire::mqtt::Qos::kAtLeastOnce});
    }
  }
  link_ = std::make_shared<MqttLink>(
      MqttLink::Options{.resolve = cloud_->resolver(host_port_of(access)),
                        .tls = certificate_->tls,
                        .loop = &parts_.loop,
                        .buffer = buffer_,
                        .client_id = certificate_->client_id,
                        .user = access.user,
                        .password = access.password,
                        .filters = std::move(filters),
                        .reconnects = true},
      *this);
  link_->open();
}

void Mirror::close_link() {
  if (const auto link = std::exchange(link_, nullptr)) link->close();
}

void Mirror::on_online() {
  schedule_.link_up(now());
  health().connected();
}

void Mirror::on_offline(const Error& why) {
  schedule_.link_down();
  tell_presence();
  health().failing(fmt::format("the vendor's broker: {}", why.detail));
}

void Mirror::on_filter_refused(std::string_view filter) {
  const auto topic = wire::open_topic(filter);
  if (topic && topic->verb == Verb::kQuota) {
    health().error(fmt::format("the vendor does not grant the reports of {}", topic->sn));
  }
}

void Mirror::on_message(std::string_view topic, std::string_view payload, bool retained) {
  const auto parsed = wire::open_topic(topic);
  if (!parsed) return;
  const auto found = devices_.find(parsed->sn);
  if (found == devices_.end()) return;
  health().count_in();
  const std::string& sn = found->first;
  Device& device = found->second;
  switch (parsed->verb) {
    case Verb::kQuota:
      // A retained one says nothing about now.
      return retained ? void() : on_report(sn, device, payload);
    case Verb::kStatus:
      if (const auto online = status_in(payload)) {
        schedule_.status(sn, *online, now());
        tell_presence();
      }
      return;
    case Verb::kSetReply:
      return on_reply(sn, payload);
    case Verb::kGetReply:
      return on_latest_quotas(sn, device, payload);
    case Verb::kSet:
    case Verb::kGet:
      return;
  }
}

void Mirror::on_report(const std::string& sn, Device& device, std::string_view payload) {
  const Moment at = now();
  schedule_.reported(sn, at);
  auto instead = device.values.take_report(payload, at, device_time(), oddities_);
  device.is_online = true;  // a gateway's message says so
  gateway_->report(sn, instead ? std::move(*instead) : std::string(payload));
}

void Mirror::on_reply(const std::string& sn, std::string_view payload) {
  auto reply = sets_.take_reply(sn, payload, now());
  if (!reply) return oddities_.add(Oddity::kForeignReply);
  gateway_->reply(sn, std::move(*reply));
}

// Another client of the vendor's account has asked for them.
void Mirror::on_latest_quotas(const std::string& sn, Device& device, std::string_view payload) {
  const auto parsed = wire::parse_json(payload, {.keys = 8192});
  const Json* data = parsed ? wire::member(*parsed, "data") : nullptr;
  if (data == nullptr || wire::member(*data, "quotaMap") == nullptr) return;
  const Moment at = now();
  static_cast<void>(take_snapshot(sn, device, *wire::member(*data, "quotaMap"),
                                  {.asked_at = at, .was_silent = schedule_.silent(sn, at)}));
}

void Mirror::on_set(std::string_view sn, std::string_view payload) {
  health().add_to_figure("sets");
  if (settings_.is_read_only) {
    return gateway_->reply(
        std::string(sn),
        refusal_of_set(payload, fmt::format("the mirror {} is read-only, so no set reaches {}",
                                            identity_.name, sn)));
  }
  // The hub tells the requester when no reply comes.
  if (!certificate_ || !link_ || !link_->online()) return health().count_dropped();
  auto message = sets_.send(sn, payload, now());
  if (!message) return health().count_dropped();
  link_->send(wire::make_open_topic(certificate_->access.user, sn, Verb::kSet),
              std::move(*message));
  health().count_out();
}

// ---- the vendor's interface over HTTP

void Mirror::on_answer(const CloudAnswer& answer) {
  take(answer);
  ask_next();
}

void Mirror::take(const CloudAnswer& answer) {
  if (!answer.result) {
    const Error& why = answer.result.error();
    const std::string text =
        fmt::format("{}{}{}: {}", name_of(answer.request.ask), answer.request.sn.empty() ? "" : " ",
                    answer.request.sn, why.detail);
    schedule_.refused(answer.request, refusal_of(why.code), now());
    if (schedule_.is_link_up()) return health().error(text);
    return health().failing(text);
  }
  const auto& data = *answer.result;
  if (const auto* devices = std::get_if<CloudDevices>(&data)) return take(*devices);
  if (const auto* certificate = std::get_if<CloudCertificate>(&data)) return take(*certificate);
  take(answer.request.sn, std::get<CloudQuotas>(data));
}

void Mirror::take(const CloudDevices& devices) {
  const auto tell_once = [this](const std::string& why) {
    if (told_.insert(why).second) health().error(why);
  };
  for (const std::string& sn : devices.of_others) {
    tell_once(fmt::format("{} belongs to another account of this server", sn));
  }
  for (const std::string& why : devices.refused) tell_once(why);
  of_others_ = devices.of_others.size();
  bool is_new = false;
  const auto& catalog = *parts_.hub.platform().catalog;
  for (const auto& [sn, online] : devices.mirrored) {
    if (devices_.contains(sn)) continue;
    devices_.try_emplace(sn, catalog.of_serial(sn));
    gateway_->serve(sn);
    is_new = true;
  }
  schedule_.listed(devices.mirrored, now());
  if (!is_new) return;
  open_link();
  if (!settings_.intercept.empty()) lay_faults();
}

void Mirror::take(const CloudCertificate& certificate) {
  schedule_.certified();
  certificate_ = certificate;
  health().add_to_figure("certificates");
  open_link();
}

void Mirror::take(const std::string& sn, const CloudQuotas& data) {
  const auto found = devices_.find(sn);
  if (found == devices_.end()) return schedule_.answered(sn, Brought::kNoData, now());
  const Brought brought = take_snapshot(sn, found->second, data, asked_);
  schedule_.answered(sn, brought, now());
}

Brought Mirror::take_snapshot(const std::string& sn, Device& device, const Json& data,
                              const DeviceValues::Snapshot& snapshot) {
  // The last values of a device that is offline are old, and nobody knows how old.
  if (!schedule_.online(sn)) return Brought::kNoData;
  const auto news = device.values.take_snapshot(data, snapshot, oddities_);
  if (!news.has_data) return Brought::kNoData;
  for (std::string& report : reports_of(device.values.family(), news.values, device_time())) {
    gateway_->report(sn, std::move(report));
  }
  return news.values.empty() ? Brought::kNothingNew : Brought::kNews;
}

// ---- the row

constexpr auto kSettings = std::to_array<Parameter>({
    {.name = "host",
     .text = "Address of the vendor's interface in your region, such as https://api-e.ecoflow.com "
             "(Europe) or https://api-a.ecoflow.com (America)",
     .required = true},
    {.name = "access-key", .text = "Access key of your developer account", .required = true},
    {.name = "secret-key",
     .text = "Secret key of the access key",
     .type = Type::kSecret,
     .required = true},
    {.name = "ca",
     .text = "File of the certificates to trust; those of the system if left out",
     .most_bytes = 4096},
    {.name = "read-only",
     .text = "Whether sets are refused instead of being sent to the vendor; no if left out",
     .type = Type::kFlag},
    {.name = "devices",
     .text = "Serial numbers of the devices to mirror; all of the account if left out",
     .type = Type::kTexts,
     .most_items = 256},
    {.name = "name-prefix",
     .text = "Text before the names of the devices that are added here; none if left out",
     .most_bytes = 32},
    {.name = "request-pause-ms",
     .text = "Least pause between reads of two devices in ms, to which all other pauses are in "
             "proportion; 10000 if left out, and less only for a server of your own",
     .type = Type::kInteger,
     .least = kLeastPause_ms,
     .most = kMostPause_ms},
    {.name = "intercept",
     .text = "Fault of the platform that apps here see over the real devices, for tests; none if "
             "left out",
     .most_bytes = 64},
});
static_assert(parameters::are_complete(kSettings));

Status check(const Arguments& given) {
  if (auto address = client::parse_api_address(given.text("host")); !address) {
    return fail(ErrorCode::kBadParams, fmt::format("host is {}", address.error().detail));
  }
  if (Status good = registry::check_access_key(given.text("access-key")); !good) return good;
  for (const std::string& sn : given.texts("devices")) {
    if (Status good = registry::check_sn(sn); !good) return good;
  }
  const std::string fault = given.text("intercept");
  if (fault.empty() || hub::find_platform_fault(fault) != nullptr) return {};
  std::string names;
  for (const hub::PlatformFaultInfo& each : hub::platform_faults()) {
    names.append(names.empty() ? "" : ", ").append(each.name);
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("intercept is \"{}\": must be a fault of the platform: {}",
                          wire::shortened(fault), names));
}

std::unique_ptr<Bridge> make(const Parts& parts, Identity identity, const Arguments& settings) {
  return std::make_unique<Mirror>(parts, std::move(identity), settings_of(settings));
}

constexpr Kind kKind{
    .name = "mirror",
    .example = "--host https://api-e.ecoflow.com --access-key KEY --secret-key-file secret.key",
    .text = "Brings in your real devices from the vendor's cloud",
    .settings = kSettings,
    .check = check,
    .make = make};
static_assert(is_complete(kKind));

}  // namespace
}  // namespace gridloom::bridges::mirror

namespace gridloom::bridges {

const Kind& mirror_kind() { return mirror::kKind; }

}  // namespace gridloom::bridges
