// Publishes the devices' values to a broker: all of a device once it is there, then what changes.
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

#include "base/string_map.h"
#include "bridges/core/broker_link.h"
#include "bridges/core/device_book.h"
#include "bridges/core/twins_now.h"
#include "bridges/mqtt_out/kind.h"
#include "bridges/mqtt_out/settings.h"
#include "bridges/mqtt_out/value_messages.h"
#include "client/mqtt_link.h"

namespace gridloom::bridges {
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

const Kind& mqtt_kind() {
  static const Kind kKind{.name = "mqtt",
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
