#include "bridges/home_assistant/home_assistant.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "base/secret.h"
#include "bridges/core/bridge.h"
#include "bridges/core/broker_link.h"
#include "bridges/core/device_book.h"
#include "bridges/core/patterns.h"
#include "bridges/core/peer.h"
#include "bridges/home_assistant/discovery.h"
#include "bridges/home_assistant/entities.h"
#include "bridges/home_assistant/published_home.h"
#include "bridges/home_assistant/publisher.h"
#include "catalog/language.h"
#include "catalog/set_message.h"
#include "client/mqtt_link.h"
#include "home/set_book.h"
#include "home/set_tracker.h"

namespace gridloom::bridges::home_assistant {
namespace {

// Sends what Home Assistant asks to set, as the bridge's account, and counts what became of it in
// the bridge's health. Thread rule: the bridges' loop.
class SetSender {
 public:
  // `find`: the device as the book has it; null: it does not.
  using Find = std::function<const BookDevice*(std::string_view sn)>;
  // Both outlive this.
  SetSender(const Parts& parts, const Identity& identity, Find find)
      : parts_(parts), identity_(identity), find_(std::move(find)) {}

  // `bytes`: of the value that was asked for.
  void send(Publisher::Asked asked, std::size_t bytes);

 private:
  void refuse(std::string_view sn, std::string_view why) const;
  void end(const std::string& sn, const Result<home::SetRecord>& record);
  [[nodiscard]] std::string module_of(const Publisher::Asked& asked, std::string_view group) const;

  const Parts& parts_;
  const Identity& identity_;
  const Find find_;
  std::size_t waiting_ = 0;  // sets that are not answered yet
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

constexpr std::size_t kMaxSets = 32;      // that wait for their answer; further ones are refused
constexpr std::size_t kMaxPayload = 256;  // of a set, in bytes

// The number of a set, by which a device's log tells it from others.
std::int64_t message_id(TimePoint now) {
  constexpr std::int64_t kMost = 1'000'000'000;
  const std::int64_t number = unix_ms(now) % kMost;
  return number < 0 ? number + kMost : number;
}

void SetSender::send(Publisher::Asked asked, std::size_t bytes) {
  const auto directory = parts_.registry.directory();
  const registry::Device* device = directory->find_device(asked.sn);
  const bool is_permitted =
      device != nullptr &&
      registry::Directory::rights(identity_.account, *device) >= registry::Rights::kFull;
  if (!is_permitted) return refuse(asked.sn, "the account may not set the device");
  if (bytes > kMaxPayload) return refuse(asked.sn, "the value is too long");
  if (waiting_ >= kMaxSets) return refuse(asked.sn, "too many sets wait for their answer");
  ++waiting_;
  const catalog::Command& command = *asked.entity->control->command;
  const auto module_in = [&](std::string_view group) { return module_of(asked, group); };
  auto message = catalog::addressed(*asked.entities->english, command,
                                    catalog::set_message(command, asked.params),
                                    {.sn = asked.sn,
                                     .message_id = message_id(parts_.hub.platform().clock.now()),
                                     .module_in = module_in});
  parts_.sets.send({.id = {.account = identity_.account, .sn = asked.sn, .id = ""},
                    .message = std::move(message),
                    .origin = {.by = fmt::format("bridge {}", identity_.name)}},
                   {.loop = &parts_.loop,
                    .done = [this, sn = asked.sn,
                             alive = std::weak_ptr(alive_)](const Result<home::SetRecord>& record) {
                      if (alive.lock()) end(sn, record);
                    }});
}

void SetSender::refuse(std::string_view sn, std::string_view why) const {
  identity_.health->add_to_figure("sets_refused");
  identity_.health->error(fmt::format("set of {}: {}", sn, why));
}

// The first module of a group that the device has reported; empty: none.
std::string SetSender::module_of(const Publisher::Asked& asked, std::string_view group) const {
  const BookDevice* from = find_(asked.sn);
  const std::string begin = fmt::format("{}.", group);
  for (std::size_t slot = 0; from != nullptr && slot < from->slots(); ++slot) {
    const std::string_view name = from->name_of(slot);
    if (!name.starts_with(begin) || from->text_of(slot).empty()) continue;
    const std::string_view rest = name.substr(begin.size());
    return std::string(rest.substr(0, rest.find('.')));
  }
  return {};
}

void SetSender::end(const std::string& sn, const Result<home::SetRecord>& record) {
  --waiting_;
  if (!record) return refuse(sn, record.error().detail);
  using enum home::SetState;
  const home::SetState state = record->state;
  if (state != kRefused && state != kUnanswered && state != kOffline) {
    return identity_.health->add_to_figure("sets");
  }
  refuse(sn, record->error ? record->error->detail
                           : fmt::format("{} {}", name_of(state), record->refusal));
}

}  // namespace

}  // namespace gridloom::bridges::home_assistant

namespace gridloom::bridges {
namespace {

using home_assistant::Publisher;
using home_assistant::Topics;
using parameters::Arguments;
using parameters::Parameter;
using parameters::Type;

constexpr std::string_view kPrefix = "homeassistant";
constexpr std::string_view kBase = "gridloom";
constexpr std::int64_t kAtMostEvery_s = 5;
constexpr std::size_t kMaxInFlight = 16;  // messages that the broker has not acknowledged

constexpr std::array kSettings = {
    Parameter{.name = "broker",
              .text = "Address of the MQTT broker that Home Assistant uses, mqtt://HOST:PORT or "
                      "mqtts://HOST:PORT",
              .required = true},
    Parameter{.name = "user", .text = "User of the broker; left out: none"},
    Parameter{.name = "password",
              .text = "Password of the broker; left out: none",
              .type = Type::kSecret},
    Parameter{.name = "ca",
              .text = "File with the certificates to trust for mqtts://; left out: those of the "
                      "system",
              .most_bytes = 4096},
    Parameter{.name = "client-id",
              .text =
                  "Client id at the broker, unique there; left out: gridloom-NAME-SERVER, with 8 "
                  "digits of this server",
              .most_bytes = 64},
    Parameter{.name = "discovery-prefix",
              .text = "First level of the topics of discovery; left out: homeassistant",
              .most_bytes = 64},
    Parameter{.name = "base-topic",
              .text = "First level of the topics with states; left out: gridloom",
              .most_bytes = 64},
    Parameter{.name = "language",
              .text = "Language of titles and named values; left out: en",
              .type = Type::kChoice,
              .values = catalog::kLanguageTags},
    Parameter{
        .name = "devices",
        .text = "Serial numbers or names of the devices to show; left out: all of the account",
        .type = Type::kTexts,
        .most_bytes = 64,
        .most_items = 1000},
    Parameter{.name = "controls",
              .text = "Whether Home Assistant may set devices; left out: it may not",
              .type = Type::kFlag},
    Parameter{.name = "migrate",
              .text = "Whether discovery with a message for each entity, of the same ids, is taken "
                      "over; left out: it is not",
              .type = Type::kFlag},
    Parameter{.name = "at-most-every",
              .text = "Seconds between two states of the same values; left out: 5",
              .type = Type::kInteger,
              .least = 1,
              .most = 3600}};
static_assert(parameters::are_complete(kSettings));

std::string text_or(const Arguments& settings, std::string_view name, std::string_view other) {
  std::string text = settings.text(name);
  return text.empty() ? std::string(other) : text;
}

Topics topics_of(const Arguments& settings, std::string_view bridge) {
  return {text_or(settings, "discovery-prefix", kPrefix), text_or(settings, "base-topic", kBase),
          bridge};
}

catalog::Language language_of(const Arguments& settings) {
  return catalog::language_of(settings.text("language")).value_or(catalog::Language::kEnglish);
}

// A level or several of a topic.
Status check_topic(const Arguments& settings, std::string_view name) {
  const std::string text = settings.text(name);
  const bool is_valid = std::ranges::all_of(
      text, [](char each) { return each > ' ' && each < 0x7f && each != '+' && each != '#'; });
  if (is_valid && !text.starts_with('/') && !text.ends_with('/') && !text.starts_with('$')) {
    return {};
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("{} is \"{}\": must be levels of a topic, without wildcards and spaces, "
                          "and without / at the ends",
                          name, redacted_extract(text)));
}

Status check(const Arguments& settings) {
  GL_TRY(const auto broker, parse_broker_address("broker", settings.text("broker")));
  if (!broker.uses_tls && !settings.text("ca").empty()) {
    return fail(ErrorCode::kBadParams, "ca is given: must be left out unless broker is mqtts://");
  }
  if (settings.text("user").empty() && !settings.text("password").empty()) {
    return fail(ErrorCode::kBadParams, "password is given without user: must be given with it");
  }
  for (const std::string_view name : {"discovery-prefix", "base-topic"}) {
    GL_TRY(check_topic(settings, name));
  }
  return {};
}

class HomeAssistant final : public Bridge,
                            public DeviceBook::Listener,
                            public client::MqttLink::Listener,
                            public home_assistant::Outlet {
 public:
  HomeAssistant(Parts parts, Identity identity, const Arguments& settings)
      : parts_(std::move(parts)),
        identity_(std::move(identity)),
        topics_(topics_of(settings, identity_.name)),
        publisher_(publisher_options(settings)),
        published_home_(topics_, language_of(settings), *this),
        home_reader_(parts_, {.account = identity_.account,
                              .every = at_most_every(settings),
                              .on_home =
                                  [this](const auto& picture, const auto& totals) {
                                    published_home_.update(
                                        {.picture = picture.get(), .totals = totals.get()});
                                    if (totals) publisher_.on_counters(*totals);
                                  }}),
        set_sender_(parts_, identity_, [this](std::string_view sn) { return book_->find(sn); }),
        link_(link_options(settings), *this) {}

  void start() override {
    identity_.health->connecting();
    book_.emplace(parts_.hub, parts_.loop, identity_.account, *this);
    link_.open();
  }

  void stop() override {
    if (link_.online()) {
      // With messages before it this one would not go out: the broker publishes the will then.
      if (link_.unacknowledged() < kMaxInFlight * 2) {
        publish(topics_.status(), std::string(home_assistant::kOffline), true);
      } else {
        link_.drop();
      }
    }
    link_.close();
    book_.reset();
    identity_.health->off();
  }

  void tick() override {
    if (book_) book_->tick();
    link_.tick();
    work();
  }

  void registry_changed() override {
    if (book_) book_->registry_changed();
  }

 private:
  static std::chrono::seconds at_most_every(const Arguments& settings) {
    return std::chrono::seconds(settings.integer("at-most-every").value_or(kAtMostEvery_s));
  }

  [[nodiscard]] Publisher::Options publisher_options(const Arguments& settings) {
    return {.topics = topics_,
            .catalog = parts_.hub.platform().catalog.get(),
            .language = language_of(settings),
            .has_controls = settings.flag("controls"),
            .migrates = settings.flag("migrate"),
            .devices = Selection(settings.texts("devices"), {}),
            .at_most_every = at_most_every(settings),
            .outlet = this,
            .health = identity_.health};
  }

  [[nodiscard]] BrokerLink::Options link_options(const Arguments& settings) const {
    using enum wire::mqtt::Qos;
    BrokerLink::Options options{
        // check() has parsed it.
        .broker = parse_broker_address("broker", settings.text("broker")).value_or(BrokerAddress()),
        .ca = settings.text("ca"),
        .loop = &parts_.loop,
        .health = identity_.health,
        .link = {.client_id = text_or(settings, "client-id", identity_.client_id),
                 .user = settings.text("user"),
                 .password = Secret(settings.text("password")),
                 .filters = {{.filter = topics_.birth(), .qos = kAtLeastOnce},
                             {.filter = topics_.published_filter(), .qos = kAtLeastOnce}},
                 .will = client::Will{.topic = topics_.status(),
                                      .payload = std::string(home_assistant::kOffline),
                                      .retain = true}}};
    auto& filters = options.link.filters;
    if (settings.flag("controls")) {
      filters.push_back({.filter = topics_.set_filter(), .qos = kAtLeastOnce});
    }
    if (settings.flag("migrate")) {
      filters.push_back({.filter = topics_.single_filter(), .qos = kAtLeastOnce});
    }
    return options;
  }

  void work() {
    if (!link_.online() || !book_) return;
    home_reader_.tick();
    // Otherwise the counters of an earlier run would be taken back, and announced again.
    if (!home_reader_.has_answered()) return;
    publisher_.tick(std::chrono::steady_clock::now(),
                    {.find = [this](std::string_view sn) { return book_->find(sn); },
                     .is_whole = book_->is_whole()});
  }

  // --- the book
  void on_device(const BookDevice& device) override { publisher_.on_device(device); }
  void on_removed(const std::string& sn) override { publisher_.on_removed(sn); }
  void on_values(const BookDevice& device, std::span<const std::size_t> slots) override {
    publisher_.on_values(device, slots);
  }
  void on_state(const BookDevice& device) override { publisher_.on_state(device); }

  // --- the link
  void on_online() override {
    identity_.health->connected();
    publisher_.on_online(std::chrono::steady_clock::now());
  }
  void on_offline(const Error& why) override {
    publisher_.on_offline();
    published_home_.on_offline();
    identity_.health->failing(why.detail);
  }
  void on_acknowledged(std::chrono::nanoseconds /*took*/) override {
    // Goes on as soon as the broker has taken all, without waiting for the next tick.
    if (is_posted_ || link_.unacknowledged() != 0) return;
    is_posted_ = true;
    parts_.loop.post([this, alive = std::weak_ptr(alive_)] {
      if (!alive.lock()) return;
      is_posted_ = false;
      work();
    });
  }
  void on_message(std::string_view topic, std::string_view payload, bool retained) override {
    identity_.health->count_in();
    if (topic == topics_.birth()) published_home_.announce_again();
    if (auto asked = publisher_.on_message(topic, payload, retained)) {
      set_sender_.send(std::move(*asked), payload.size());
    }
  }
  void on_filter_refused(std::string_view filter) override {
    identity_.health->error(fmt::format("the broker does not let us read {}", filter));
  }

  // --- what goes out
  void publish(std::string_view topic, std::string payload, bool retain) override {
    identity_.health->count_out();
    link_.send(topic, std::move(payload), {.retain = retain});
  }
  [[nodiscard]] bool has_room() const override {
    return link_.online() && link_.unacknowledged() < kMaxInFlight;
  }

  const Parts parts_;
  const Identity identity_;
  const Topics topics_;
  Publisher publisher_;
  home_assistant::PublishedHome published_home_;
  home_assistant::HomeReader home_reader_;
  home_assistant::SetSender set_sender_;
  std::optional<DeviceBook> book_;
  BrokerLink link_;
  bool is_posted_ = false;  // work() is
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

std::unique_ptr<Bridge> make(const Parts& parts, Identity identity, const Arguments& settings) {
  return std::make_unique<HomeAssistant>(parts, std::move(identity), settings);
}

std::vector<home_assistant::FurtherQuota> further_of(const DeviceNow& device) {
  std::vector<home_assistant::FurtherQuota> further;
  device.twin.values.for_each([&](std::size_t slot, std::string_view json) {
    const std::string& name = device.twin.name_of(slot);
    if (!home_assistant::is_further(*device.family, name)) return;
    further.push_back({.name = name, .text = std::string(json)});
  });
  std::ranges::sort(further, {}, &home_assistant::FurtherQuota::name);
  return further;
}

// The discovery messages: [{"topic","payload"},..].
Result<wire::Json> preview(const Parts& parts, registry::AccountId account,
                           const Arguments& settings) {
  GL_TRY(const auto devices, devices_now(parts, account));
  const auto& catalog = *parts.hub.platform().catalog;
  const Topics topics = topics_of(settings, "NAME");
  const Selection selection(settings.texts("devices"), {});
  wire::JsonArray messages;
  for (const DeviceNow& device : devices) {
    if (!selection.has_device(device.sn, device.name)) continue;
    const auto entities = home_assistant::entities_of(
        {.english = device.family,
         .shown = catalog.in_language(device.family, language_of(settings)),
         .has_controls = settings.flag("controls")},
        further_of(device));
    if (entities->all.empty()) continue;
    messages.push_back(wire::JsonObject{
        {"topic", topics.config(device.sn)},
        {"payload",
         home_assistant::config_message(
             topics,
             {.sn = device.sn, .name = device.name, .product = catalog.product_name(device.sn)},
             *entities)}});
  }
  return wire::Json(std::move(messages));
}

}  // namespace

const BridgeKind& home_assistant_kind() {
  static constexpr BridgeKind kKind = {
      .name = "home-assistant",
      .example = "--broker mqtt://homeassistant.local --user gridloom --password-file ha.password",
      .text = "Shows the devices in Home Assistant, over an MQTT broker",
      .settings = kSettings,
      .selects_devices = true,
      .check = check,
      .make = make,
      .preview = preview};
  static_assert(is_complete(kKind));
  return kKind;
}

}  // namespace gridloom::bridges
