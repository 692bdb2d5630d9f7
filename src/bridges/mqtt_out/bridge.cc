#include "bridges/mqtt_out/bridge.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "base/string_map.h"
#include "bridges/core/broker_link.h"
#include "bridges/core/device_book.h"
#include "bridges/mqtt_out/value_messages.h"
#include "client/mqtt_link.h"
#include "wire/mqtt/topic.h"

namespace gridloom::bridges {
namespace {

using parameters::Parameter;
using parameters::Type;

constexpr std::string_view kTopic = "gridloom/{sn}/{field}";
constexpr std::string_view kAvailability = "gridloom/{sn}/availability";
constexpr std::string_view kStatus = "gridloom/status";

constexpr std::array<std::string_view, 5> kTopicNames = {"sn", "name", "family", "field", "group"};
constexpr std::span<const std::string_view> kDeviceNames = std::span(kTopicNames).first(3);
constexpr std::array<std::string_view, 2> kPayloads = {"value", "json"};
constexpr std::array<std::string_view, 2> kNamedValues = {"number", "name"};

constexpr std::array<Parameter, 15> kSettings = {{
    {.name = "broker",
     .text = "Address of the broker: mqtt://HOST:PORT, or mqtts://HOST:PORT with TLS",
     .required = true},
    {.name = "user", .text = "User name at the broker; without it none is sent"},
    {.name = "password", .text = "Password of the user", .type = Type::kSecret},
    {.name = "ca",
     .text = "File with the certificates that mqtts:// trusts; without it those of the system",
     .most_bytes = 1024},
    {.name = "client-id",
     .text = "MQTT client id; without it gridloom-NAME-SERVER, with 8 digits of this server",
     .most_bytes = 64},
    {.name = "topic",
     .text = "Topic of a value, with {sn}, {name}, {family}, {field} and {group} in it; without it "
             "gridloom/{sn}/{field}"},
    {.name = "availability",
     .text = "Topic that says online or offline of a device, with {sn}, {name} and {family} in it; "
             "without it gridloom/{sn}/availability"},
    {.name = "status",
     .text = "Topic that says online or offline of the bridge, by a will too; without it "
             "gridloom/status"},
    {.name = "payload",
     .text =
         "What a message is: the value alone, or JSON with value, unit and at; without it value",
     .type = Type::kChoice,
     .values = kPayloads},
    {.name = "named-values",
     .text = "How a value with a name is sent: its number or its name; without it number",
     .type = Type::kChoice,
     .values = kNamedValues},
    {.name = "fields",
     .text = "Fields that are sent, by names or patterns with *; without them all",
     .type = Type::kTexts,
     .most_items = 64},
    {.name = "devices",
     .text = "Devices that are sent, by serial number or name; without them all of the account",
     .type = Type::kTexts,
     .most_items = 1024},
    {.name = "retain",
     .text = "Whether the broker keeps the last value of each topic; without it no",
     .type = Type::kFlag},
    {.name = "qos",
     .text = "Quality of service of the messages: 0, 1 or 2; without it 0",
     .type = Type::kInteger,
     .most = 2},
    {.name = "at-most-every",
     .text = "Seconds between two messages of one topic, at least; without it each change is sent",
     .type = Type::kInteger,
     .most = 86'400},
}};

std::string text_or(const parameters::Arguments& arguments, std::string_view name,
                    std::string_view otherwise) {
  std::string given = arguments.text(name);
  return given.empty() ? std::string(otherwise) : given;
}

// A topic with these names between braces. kBadParams: a topic made of it would be none.
Result<NameTemplate> topic_template(std::string_view setting, const std::string& text,
                                    std::span<const std::string_view> names) {
  auto parsed = NameTemplate::parse(setting, text, names);
  if (!parsed) return parsed;
  std::vector<NamedText> sample;
  for (const std::string_view name : names) sample.push_back({.name = name, .text = "x"});
  if (!wire::mqtt::valid_topic(parsed->fill(sample))) {
    return fail(ErrorCode::kBadParams, fmt::format("{} is \"{}\": must be a topic without + and #",
                                                   setting, redacted_extract(text)));
  }
  const bool names_device = parsed->has("sn") || parsed->has("name");
  const bool names_field = names.size() < kTopicNames.size() || parsed->has("field");
  if (!names_device || !names_field) {
    return fail(
        ErrorCode::kBadParams,
        fmt::format("{} is \"{}\": must have {} in it, so that {} have topics of their own",
                    setting, redacted_extract(text), names_device ? "{field}" : "{sn} or {name}",
                    names_device ? "fields" : "devices"));
  }
  return parsed;
}

}  // namespace

std::span<const Parameter> mqtt_parameters() { return kSettings; }

Result<MqttSettings> mqtt_settings(const parameters::Arguments& arguments) {
  GL_TRY(auto broker, parse_broker_address("broker", arguments.text("broker")));
  GL_TRY(auto topic, topic_template("topic", text_or(arguments, "topic", kTopic), kTopicNames));
  GL_TRY(auto availability,
         topic_template("availability", text_or(arguments, "availability", kAvailability),
                        kDeviceNames));
  std::string status = text_or(arguments, "status", kStatus);
  if (!wire::mqtt::valid_topic(status)) {
    return fail(ErrorCode::kBadParams, fmt::format("status is \"{}\": must be a topic without + "
                                                   "and #",
                                                   redacted_extract(status)));
  }
  if (!arguments.text("password").empty() && arguments.text("user").empty()) {
    return fail(ErrorCode::kBadParams, "password is given, but user is missing");
  }
  return MqttSettings{
      .broker = std::move(broker),
      .user = arguments.text("user"),
      .password = Secret(arguments.text("password")),
      .ca = arguments.text("ca"),
      .client_id = arguments.text("client-id"),
      .topic = std::move(topic),
      .availability = std::move(availability),
      .status = std::move(status),
      .payload = arguments.text("payload") == "json" ? MqttSettings::Payload::kJson
                                                     : MqttSettings::Payload::kValue,
      .named_values = arguments.text("named-values") == "name" ? MqttSettings::NamedValues::kName
                                                               : MqttSettings::NamedValues::kNumber,
      .selection = Selection(arguments.texts("devices"), arguments.texts("fields")),
      .retain = arguments.flag("retain"),
      .qos = static_cast<wire::mqtt::Qos>(arguments.integer("qos").value_or(0)),
      .at_most_every = std::chrono::seconds(arguments.integer("at-most-every").value_or(0))};
}

namespace {

using client::Moment;
using overview::Freshness;
using Steady = std::chrono::steady_clock;

// Messages that wait for the broker before the next device is sent whole.
constexpr std::size_t kMaxAhead = 2'000;
// More than a device has values.
constexpr std::size_t kMaxQueued = 20'000;
constexpr std::size_t kMaxPreview = 100;

// Values of a device that is silent for longer than it should be are not of now, as in all bridges.
bool is_current(Freshness state) { return state == Freshness::kLive; }

// Publishes the devices' values to a broker: all of a device once it is there, then what changes.
class MqttBridge final : public Bridge,
                         private client::MqttLink::Listener,
                         private DeviceBook::Listener {
 public:
  MqttBridge(Parts parts, Identity identity, MqttSettings settings)
      : parts_(std::move(parts)),
        identity_(std::move(identity)),
        settings_(std::move(settings)),
        link_(link_options(), *this) {}

  void start() override {
    DeviceBook::Listener& listener = *this;
    book_.emplace(parts_.hub, parts_.loop, identity_.account, listener);
    link_.open();
  }

  void stop() override {
    if (link_.online()) send({.topic = settings_.status, .payload = "offline"}, kKept);
    link_.close();
    book_.reset();
  }

  void tick() override {
    const Moment now = Steady::now();
    if (book_) book_->tick();
    link_.tick();
    for (auto& [sn, device] : devices_) send_due(sn, device, now);
    // The last message of a topic may be among those that were dropped.
    const bool has_room = link_.online() && link_.unacknowledged() < kMaxAhead;
    if (has_room && link_.has_dropped()) send_everything();
    send_pending();
  }

  void registry_changed() override {
    if (book_) book_->registry_changed();
  }

 private:
  // How the state of the bridge and of devices is sent.
  static constexpr client::PublishOptions kKept{.qos = wire::mqtt::Qos::kAtLeastOnce,
                                                .retain = true};

  struct Device {
    TopicDevice names{};
    std::string availability{};           // topic
    std::optional<bool> said_online{};    // on this connection
    std::vector<Moment> may_send_from{};  // by slot
    std::set<std::size_t> waiting{};      // slots
  };

  [[nodiscard]] BrokerLink::Options link_options() const {
    return {.broker = settings_.broker,
            .ca = settings_.ca,
            .loop = &parts_.loop,
            .health = identity_.health,
            .link = {.client_id =
                         settings_.client_id.empty() ? identity_.client_id : settings_.client_id,
                     .user = settings_.user,
                     .password = settings_.password,
                     .will = client::Will{.topic = settings_.status,
                                          .payload = "offline",
                                          .qos = kKept.qos,
                                          .retain = kKept.retain},
                     .max_queued = kMaxQueued}};
  }

  void send(ValueMessage message, const client::PublishOptions& options) {
    link_.send(message.topic, std::move(message.payload), options);
    identity_.health->count_out();
  }

  // All that is current goes out, as far as the broker takes it.
  void send_everything() {
    link_.forget_dropped();
    for (auto& [sn, device] : devices_) {
      device.said_online.reset();
      device.may_send_from.clear();
      device.waiting.clear();
      pending_.insert(sn);
    }
    send_pending();
  }

  // --- the link

  void on_online() override {
    identity_.health->connected();
    send({.topic = settings_.status, .payload = "online"}, kKept);
    send_everything();
  }

  void on_offline(const Error& why) override { identity_.health->failing(why.detail); }

  void on_message(std::string_view /*topic*/, std::string_view /*payload*/,
                  bool /*retained*/) override {}

  void on_acknowledged(std::chrono::nanoseconds /*took*/) override {}

  // --- the devices

  void on_device(const BookDevice& device) override {
    if (!settings_.selection.has_device(device.sn(), device.name())) {
      return forget(device.sn());
    }
    Device& own = devices_[device.sn()];
    own.names = topic_device(device.sn(), device.name(), device.family());
    std::string topic = availability_topic(settings_, own.names);
    if (topic != own.availability) {
      say_offline(own);
      own.availability = std::move(topic);
      own.said_online.reset();
    }
    send_later(device.sn());
  }

  void on_removed(const std::string& sn) override { forget(sn); }

  void on_state(const BookDevice& device) override {
    const auto found = devices_.find(device.sn());
    if (found == devices_.end() || !link_.online()) return;
    const bool was_online = found->second.said_online.value_or(false);
    if (!was_online && is_current(device.state())) return send_later(device.sn());
    say_state(device, found->second);
  }

  void on_values(const BookDevice& device, std::span<const std::size_t> slots) override {
    const auto found = devices_.find(device.sn());
    if (found == devices_.end() || !link_.online()) return;
    if (!found->second.said_online.value_or(false)) return send_later(device.sn());
    if (pending_.contains(device.sn())) return;
    const Moment now = Steady::now();
    for (const std::size_t slot : slots) send_slot(device, found->second, slot, now);
  }

  void forget(const std::string& sn) {
    const auto found = devices_.find(sn);
    if (found == devices_.end()) return;
    say_offline(found->second);
    devices_.erase(found);
  }

  void say_offline(Device& device) {
    if (!link_.online() || !device.said_online.value_or(false)) return;
    device.said_online = false;
    send({.topic = device.availability, .payload = "offline"}, kKept);
  }

  void say_state(const BookDevice& device, Device& own) {
    const bool online = is_current(device.state());
    if (own.said_online == online) return;
    own.said_online = online;
    send({.topic = own.availability, .payload = online ? "online" : "offline"}, kKept);
  }

  void send_later(const std::string& sn) {
    if (!link_.online()) return;
    pending_.insert(sn);
    send_pending();
  }

  // Sends all values of one device after another, as far as the link has room for them.
  void send_pending() {
    while (link_.online() && !pending_.empty() && link_.unacknowledged() < kMaxAhead) {
      const std::string sn = pending_.extract(pending_.begin()).value();
      const BookDevice* device = book_->find(sn);
      if (device != nullptr) send_all(*device);
    }
  }

  // The device's state, and its values if they are of now.
  void send_all(const BookDevice& device) {
    const auto found = devices_.find(device.sn());
    if (found == devices_.end()) return;
    say_state(device, found->second);
    if (!is_current(device.state())) return;
    const Moment now = Steady::now();
    for (std::size_t slot = 0; slot < device.slots(); ++slot) {
      send_slot(device, found->second, slot, now);
    }
  }

  void send_slot(const BookDevice& device, Device& own, std::size_t slot, Moment now) {
    if (device.text_of(slot).empty()) return;
    if (settings_.at_most_every > std::chrono::seconds{0}) {
      if (own.may_send_from.size() <= slot) own.may_send_from.resize(slot + 1);
      if (now < own.may_send_from[slot]) {
        own.waiting.insert(slot);
        return;
      }
      own.may_send_from[slot] = now + settings_.at_most_every;
      own.waiting.erase(slot);
    }
    const QuotaNow quota{.name = device.name_of(slot),
                         .field = device.field_of(slot),
                         .json = device.text_of(slot),
                         .at = device.changed_at(slot)};
    for (ValueMessage& each : messages_of(settings_, own.names, device.family(), quota)) {
      send(std::move(each), {.qos = settings_.qos, .retain = settings_.retain});
    }
  }

  // Sends the values whose pause is over.
  void send_due(const std::string& sn, Device& own, Moment now) {
    if (own.waiting.empty() || !link_.online()) return;
    const BookDevice* device = book_->find(sn);
    if (device == nullptr || !is_current(device->state())) return;
    for (const std::size_t slot : std::exchange(own.waiting, {})) {
      send_slot(*device, own, slot, now);
    }
  }

  const Parts parts_;
  const Identity identity_;
  const MqttSettings settings_;
  BrokerLink link_;
  std::optional<DeviceBook> book_;
  StringMap<Device> devices_;
  std::set<std::string> pending_;  // devices whose values are all to be sent
};

Status check(const parameters::Arguments& arguments) {
  const auto settings = mqtt_settings(arguments);
  return settings ? Status() : std::unexpected(settings.error());
}

std::unique_ptr<Bridge> make(const Parts& parts, Identity identity,
                             const parameters::Arguments& arguments) {
  auto settings = mqtt_settings(arguments);
  if (!settings) return nullptr;  // they were checked
  return std::make_unique<MqttBridge>(parts, std::move(identity), std::move(*settings));
}

// The first messages: [{"topic","payload"},..].
Result<wire::Json> preview(const Parts& parts, registry::AccountId account,
                           const parameters::Arguments& arguments) {
  GL_TRY(const auto settings, mqtt_settings(arguments));
  GL_TRY(const auto devices, devices_now(parts, account));
  wire::JsonArray messages;
  for (const DeviceNow& device : devices) {
    if (!settings.selection.has_device(device.sn, device.name)) continue;
    const TopicDevice names = topic_device(device.sn, device.name, *device.family);
    device.twin.values.for_each([&](std::size_t slot, std::string_view json) {
      if (messages.size() >= kMaxPreview) return;
      const std::string& quota = device.twin.name_of(slot);
      for (const ValueMessage& each : messages_of(settings, names, *device.family,
                                                  {.name = quota,
                                                   .field = device.family->field(quota),
                                                   .json = json,
                                                   .at = device.twin.last_report})) {
        if (messages.size() == kMaxPreview) break;
        messages.push_back(wire::JsonObject{{"topic", each.topic}, {"payload", each.payload}});
      }
    });
  }
  return wire::Json(std::move(messages));
}

}  // namespace

const BridgeKind& mqtt_kind() {
  static const BridgeKind kKind{
      .name = "mqtt",
      .example = "--broker mqtt://nas.lan:1883",
      .text = "Publishes values to an MQTT broker, each under its own topic",
      .settings = mqtt_parameters(),
      .selects_devices = true,
      .check = check,
      .make = make,
      .preview = preview};
  return kKind;
}

}  // namespace gridloom::bridges
