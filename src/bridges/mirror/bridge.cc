#include "bridges/mirror/bridge.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/mirror/cloud.h"
#include "bridges/mirror/cloud_link.h"
#include "bridges/mirror/device_values.h"
#include "bridges/mirror/mirrored_devices.h"
#include "bridges/mirror/oddities.h"
#include "bridges/mirror/pending_sets.h"
#include "bridges/mirror/schedule.h"
#include "client/api_reply.h"
#include "hub/platform/fault_injector.h"
#include "registry/rules.h"
#include "wire/json.h"

namespace gridloom::bridges::mirror {
namespace {

using parameters::Arguments;
using parameters::Parameter;
using parameters::Type;
using wire::Json;

constexpr Millis kUsualPause{10'000};
constexpr std::int64_t kUsualMost = 256;
constexpr std::size_t kMostTold = 1024;
constexpr double kLeastPause_ms = 20;
constexpr double kMostPause_ms = 3'600'000;

struct Settings {
  client::ApiOptions api{};
  std::vector<std::string> only{};
  std::size_t most = 0;
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
          .most = static_cast<std::size_t>(given.integer("most").value_or(kUsualMost)),
          .name_prefix = std::string(given.text("name-prefix")),
          .is_read_only = given.flag("read-only"),
          .pause = Millis(given.integer("request-pause-ms").value_or(kUsualPause.count())),
          .intercept = std::string(given.text("intercept"))};
}

// Brings devices in from the vendor's cloud: the decisions of the schedule, carried out.
class Mirror final : public Bridge, public CloudLink::Listener {
 public:
  Mirror(Parts parts, Identity identity, Settings settings)
      : parts_(std::move(parts)),
        identity_(std::move(identity)),
        settings_(std::move(settings)),
        schedule_(rhythm_of(settings_.pause), Chance(0).split(identity_.name)),
        sets_(unix_ms(SystemClock().now()) & 0x3fffffff) {}
  ~Mirror() override { stop(); }

  void start() override;
  void stop() override;
  void tick() override;

 private:
  void on_link_up() override;
  void on_link_down(const Error& why) override;
  void on_reports_refused(std::string_view sn) override;
  void on_report(std::string_view sn, std::string_view payload) override;
  void on_status(std::string_view sn, bool online) override;
  void on_set_reply(std::string_view sn, std::string_view payload) override;
  void on_get_reply(std::string_view sn, std::string_view payload) override;

  void on_set(std::string_view sn, std::string_view payload);

  void on_answer(const CloudAnswer& answer);
  void take(const CloudAnswer& answer);
  void take(const CloudDevices& devices);
  void take(const CloudCertificate& certificate);
  Brought take_quotas(std::string_view sn, const Json& data,
                      const DeviceValues::Snapshot& snapshot);

  void ask_next();
  void tell_presence() { devices_->tell_presence(schedule_.presence()); }
  void tell_figures();
  [[nodiscard]] static Moment now() { return std::chrono::steady_clock::now(); }
  [[nodiscard]] Health& health() const { return *identity_.health; }

  const Parts parts_;
  const Identity identity_;
  const Settings settings_;
  Schedule schedule_;
  PendingSets sets_;
  std::unique_ptr<MirroredDevices> devices_;
  std::unique_ptr<Cloud> cloud_;
  std::unique_ptr<CloudLink> link_;
  DeviceValues::Snapshot asked_{};  // of the request that is under way
  std::set<std::string> told_;      // reasons that health has got already
  Moment figures_at_{};
};

// ---- life

void Mirror::start() {
  devices_ = std::make_unique<MirroredDevices>(
      parts_, identity_,
      [this](std::string_view sn, std::string_view payload) { on_set(sn, payload); });
  client::ApiOptions api = settings_.api;
  api.limits = parts_.limits;
  cloud_ = std::make_unique<Cloud>(
      Cloud::Options{.api = std::move(api),
                     .registry = &parts_.registry,
                     .account = identity_.account,
                     .only = settings_.only,
                     .most = settings_.most,
                     .name_prefix = settings_.name_prefix,
                     .bridge = identity_.name,
                     .states = parts_.states,
                     .folder = identity_.folder,
                     .loop = &parts_.loop,
                     .on_answer = [this](const CloudAnswer& answer) { on_answer(answer); }});
  link_ = std::make_unique<CloudLink>(parts_.loop, *cloud_, *this, parts_.limits);
  tick();
}

void Mirror::stop() {
  if (!cloud_) return;
  link_->close();
  schedule_.link_down();
  tell_presence();
  if (!settings_.intercept.empty()) devices_->lay_fault({});
  link_.reset();
  devices_.reset();
  cloud_.reset();
}

void Mirror::tick() {
  const Moment at = now();
  devices_->tick();
  link_->tick(at);
  if (link_->takes_refusal()) schedule_.certificate_refused();
  if (schedule_.takes_wake(at)) {
    health().add_to_figure("wakes");
    link_->open(devices_->serial_numbers());
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
    asked_ = {.asked_at = at, .was_silent = schedule_.presence().silent(request->sn, at)};
  }
  health().add_to_figure("requests");
  cloud_->ask(std::move(*request));
}

void Mirror::tell_figures() {
  figures_at_ = now();
  devices_->tell_figures();
  health().set_figure("requests_per_hour",
                      static_cast<std::int64_t>(schedule_.requests_in_hour(figures_at_)));
}

// ---- the vendor's broker

void Mirror::on_link_up() {
  schedule_.link_up(now());
  health().connected();
}

void Mirror::on_link_down(const Error& why) {
  schedule_.link_down();
  tell_presence();
  health().failing(fmt::format("the vendor's broker: {}", why.detail));
}

void Mirror::on_reports_refused(std::string_view sn) {
  health().error(fmt::format("the vendor does not grant the reports of {}", sn));
}

void Mirror::on_report(std::string_view sn, std::string_view payload) {
  if (!devices_->contains(sn)) return;
  health().count_in();
  const Moment at = now();
  schedule_.reported(sn, at);
  devices_->report(sn, payload, at);
}

void Mirror::on_status(std::string_view sn, bool online) {
  if (!devices_->contains(sn)) return;
  health().count_in();
  schedule_.status(sn, online, now());
  tell_presence();
}

void Mirror::on_set_reply(std::string_view sn, std::string_view payload) {
  if (!devices_->contains(sn)) return;
  health().count_in();
  auto reply = sets_.take_reply(sn, payload, now());
  if (!reply) return devices_->count(Oddity::kForeignReply);
  devices_->reply(sn, std::move(*reply));
}

void Mirror::on_get_reply(std::string_view sn, std::string_view payload) {
  if (!devices_->contains(sn)) return;
  health().count_in();
  const auto parsed = wire::parse_json(payload, {.keys = 8192});
  const Json* data = parsed ? wire::member(*parsed, "data") : nullptr;
  if (data == nullptr || wire::member(*data, "quotaMap") == nullptr) return;
  const Moment at = now();
  static_cast<void>(
      take_quotas(sn, *wire::member(*data, "quotaMap"),
                  {.asked_at = at, .was_silent = schedule_.presence().silent(sn, at)}));
}

void Mirror::on_set(std::string_view sn, std::string_view payload) {
  health().add_to_figure("sets");
  if (settings_.is_read_only) {
    return devices_->reply(
        sn, refusal_of_set(payload, fmt::format("the mirror {} is read-only, so no set reaches {}",
                                                identity_.name, sn)));
  }
  // The hub tells the requester when no reply comes.
  if (!link_->is_online()) return health().count_dropped();
  auto message = sets_.send(sn, payload, now());
  if (!message) return health().count_dropped();
  link_->send_set(sn, std::move(*message));
  health().count_out();
}

// ---- the vendor's interface over HTTP

void Mirror::on_answer(const CloudAnswer& answer) {
  take(answer);
  ask_next();
}

void Mirror::take(const CloudAnswer& answer) {
  const std::string& sn = answer.request.sn;
  if (!answer.result) {
    const Error& why = answer.result.error();
    const std::string text = fmt::format("{}{}{}: {}", name_of(answer.request.ask),
                                         sn.empty() ? "" : " ", sn, why.detail);
    schedule_.refused(answer.request, refusal_of(why.code), now());
    if (schedule_.presence().is_link_up()) return health().error(text);
    return health().failing(text);
  }
  const auto& data = *answer.result;
  if (const auto* devices = std::get_if<CloudDevices>(&data)) return take(*devices);
  if (const auto* certificate = std::get_if<CloudCertificate>(&data)) return take(*certificate);
  schedule_.answered(sn, take_quotas(sn, std::get<CloudQuotas>(data), asked_), now());
}

void Mirror::take(const CloudDevices& devices) {
  const auto tell_once = [this](const std::string& why) {
    if (told_.size() >= kMostTold) told_.clear();
    if (told_.insert(why).second) health().error(why);
  };
  for (const std::string& sn : devices.of_others) {
    tell_once(fmt::format("{} belongs to another account of this server", sn));
  }
  for (const std::string& sn : devices.own) {
    tell_once(
        fmt::format("{} is registered here with a key of its own, so what the vendor says of "
                    "it is left out; --devices names it if it is to be mirrored",
                    sn));
  }
  if (devices.left_out != 0) {
    tell_once(fmt::format("the vendor lists {} devices beyond the {} that --most allows",
                          devices.left_out, settings_.most));
  }
  for (const std::string& why : devices.refused) tell_once(why);
  health().set_figure("devices_of_others", static_cast<std::int64_t>(devices.of_others.size()));
  bool is_new = false;
  for (const auto& [sn, online] : devices.mirrored) is_new = devices_->add(sn) || is_new;
  schedule_.listed(devices.mirrored, now());
  if (!is_new) return;
  link_->open(devices_->serial_numbers());
  if (!settings_.intercept.empty()) devices_->lay_fault(settings_.intercept);
}

void Mirror::take(const CloudCertificate& certificate) {
  schedule_.certified();
  health().add_to_figure("certificates");
  link_->certify(certificate);
  link_->open(devices_->serial_numbers());
}

Brought Mirror::take_quotas(std::string_view sn, const Json& data,
                            const DeviceValues::Snapshot& snapshot) {
  // The last values of a device that is offline are old, and nobody knows how old.
  if (!schedule_.presence().online(sn)) return Brought::kNoData;
  return devices_->take_quotas(sn, data, snapshot);
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
    {.name = "most",
     .text = "Most devices that are added here; 256 if left out",
     .type = Type::kInteger,
     .least = 1,
     .most = 100'000},
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
  GL_TRY(registry::check_access_key(given.text("access-key")));
  for (const std::string& sn : given.texts("devices")) {
    GL_TRY(registry::check_sn(sn));
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

constexpr BridgeKind kKind{
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

const BridgeKind& mirror_kind() { return mirror::kKind; }

}  // namespace gridloom::bridges
