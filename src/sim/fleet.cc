#include "sim/fleet.h"

#include <fmt/format.h>
#include <mosquitto.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "sim/virtual_device.h"

namespace gridloom::sim {
namespace {

constexpr int kKeepalive_s = 30;
constexpr int kQos = 1;
constexpr unsigned kReconnectFirst_s = 1;
constexpr unsigned kReconnectMost_s = 30;
constexpr int kRefused = 0x80;  // as a granted QoS
// Reports that the server has not acknowledged; beyond, a device keeps quiet until it catches up.
constexpr int kMostUnacknowledged = 64;
// Of fast time a device takes larger steps: as many a second as tick() is called, but no larger
// than a model takes.
constexpr double kStepsEvery_ms = 250;
constexpr Millis kLongestStep{60'000};

struct Free {
  void operator()(mosquitto* client) const { mosquitto_destroy(client); }
};

}  // namespace

// A device and its client. The library's thread reads nothing of it but what the constructor made;
// its callbacks post to the loop. They hold no owner: the loop is stopped before a node goes, and a
// node ends the library's thread before its memory goes, so that neither comes too late.
class Fleet::Node {
 public:
  Node(Fleet& fleet, const Member& member, KindPtr kind)
      : fleet_(fleet),
        options_(fleet.options_),
        world_(fleet.world_),
        set_topic_(fmt::format("/device/{}/set", member.sn)),
        device_(std::move(kind), member.sn, Chance(options_.world.seed),
                world_.at(options_.clock->now())),
        client_(mosquitto_new(member.sn.c_str(), true, this)) {
    if (!client_) return;
    mosquitto_username_pw_set(client_.get(), member.sn.c_str(), member.key.reveal().c_str());
    mosquitto_reconnect_delay_set(client_.get(), kReconnectFirst_s, kReconnectMost_s, true);
    mosquitto_int_option(client_.get(), MOSQ_OPT_SEND_MAXIMUM, kMostUnacknowledged);
    listen();
  }
  ~Node() {
    if (!client_) return;
    mosquitto_disconnect(client_.get());
    mosquitto_loop_stop(client_.get(), false);
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  Status start() {
    if (!client_) return fail(FaultKind::kIo, "out of memory for an MQTT client");
    int code =
        mosquitto_connect_async(client_.get(), options_.host.c_str(), options_.port, kKeepalive_s);
    // Refused now means tried again by the library's thread.
    if (code == MOSQ_ERR_SUCCESS || code == MOSQ_ERR_ERRNO)
      code = mosquitto_loop_start(client_.get());
    if (code != MOSQ_ERR_SUCCESS) {
      return fail(FaultKind::kIo,
                  fmt::format("MQTT client of {}: {}", device_.sn(), mosquitto_strerror(code)));
    }
    return {};
  }

  void step(TimePoint now) {
    stepped_ = now;
    std::vector<VirtualDevice::Message> messages;
    device_.step(world_.at(now), messages);
    publish(messages);
  }
  [[nodiscard]] TimePoint due(double speed) const {
    const Millis pace(std::llround(std::min(speed * kStepsEvery_ms, 1.0 * kLongestStep.count())));
    return stepped_ + std::max(pace, Millis(device_.family().messages.change_ms));
  }
  [[nodiscard]] TimePoint stepped() const { return stepped_; }
  // Whether the server does not have everything yet that this device has to say.
  [[nodiscard]] bool waits_for_server() const {
    return !was_online_ || (online_ && unacknowledged_ > 0);
  }

 private:
  void listen() {
    mosquitto_connect_callback_set(client_.get(), [](mosquitto* client, void* self, int code) {
      Node* node = static_cast<Node*>(self);
      if (code == 0) {
        mosquitto_subscribe(client, nullptr, node->set_topic_.c_str(), kQos);
      } else {
        spdlog::warn("virtual device {}: the server refuses it: {}", node->device_.sn(),
                     mosquitto_connack_string(code));
      }
    });
    mosquitto_subscribe_callback_set(
        client_.get(), [](mosquitto*, void* self, int, int count, const int* granted) {
          Node* node = static_cast<Node*>(self);
          if (count > 0 && granted[0] >= kRefused) {
            spdlog::warn("virtual device {}: may not hear sets", node->device_.sn());
          }
          node->options_.loop->post([node] { node->go_online(); });
        });
    mosquitto_disconnect_callback_set(client_.get(), [](mosquitto*, void* self, int) {
      Node* node = static_cast<Node*>(self);
      node->options_.loop->post([node] { node->go_offline(); });
    });
    mosquitto_publish_callback_set(client_.get(), [](mosquitto*, void* self, int) {
      Node* node = static_cast<Node*>(self);
      node->options_.loop->post([node] { node->on_acknowledged(); });
    });
    mosquitto_message_callback_set(client_.get(), [](mosquitto*, void* self,
                                                     const mosquitto_message* message) {
      Node* node = static_cast<Node*>(self);
      std::string payload(static_cast<const char*>(message->payload),
                          static_cast<std::size_t>(message->payloadlen));
      node->options_.loop->post([node, payload = std::move(payload)] { node->on_set(payload); });
    });
  }

  // What was told before may be lost: a device that comes online tells everything.
  void go_online() {
    was_online_ = online_ = true;
    unacknowledged_ = 0;
    report_everything();
  }
  void go_offline() {
    online_ = false;
    fleet_.tick_later();
  }
  void on_acknowledged() {
    unacknowledged_ = std::max(0, unacknowledged_ - 1);
    if (unacknowledged_ != 0) return;
    if (behind_) report_everything();
    fleet_.tick_later();
  }
  void report_everything() {
    behind_ = false;
    std::vector<VirtualDevice::Message> messages;
    device_.connected(world_.at(options_.clock->now()), messages);
    publish(messages);
  }
  void on_set(const std::string& payload) {
    std::vector<VirtualDevice::Message> messages;
    device_.on_set(payload, world_.at(options_.clock->now()), messages);
    publish(messages);
  }
  void publish(const std::vector<VirtualDevice::Message>& messages) {
    if (!online_) return;
    for (const VirtualDevice::Message& message : messages) {
      const bool waits = unacknowledged_ >= kMostUnacknowledged && options_.time == nullptr &&
                         message.verb == "quota";
      behind_ = behind_ || waits;
      if (waits) continue;
      const std::string topic = fmt::format("/device/{}/{}", device_.sn(), message.verb);
      const int code = mosquitto_publish(client_.get(), nullptr, topic.c_str(),
                                         static_cast<int>(message.payload.size()),
                                         message.payload.data(), kQos, false);
      if (code == MOSQ_ERR_SUCCESS) {
        ++unacknowledged_;
      } else {
        spdlog::warn("virtual device {}: {}", device_.sn(), mosquitto_strerror(code));
      }
    }
  }

  Fleet& fleet_;
  const Options& options_;
  const World& world_;
  const std::string set_topic_;
  VirtualDevice device_;
  TimePoint stepped_;
  bool online_ = false;
  bool was_online_ = false;
  bool behind_ = false;  // some reports were not sent
  int unacknowledged_ = 0;
  std::unique_ptr<mosquitto, Free> client_;
};

Fleet::Fleet(const Options& options, std::vector<Member> members)
    : options_(options), world_(options.world) {
  mosquitto_lib_init();
  std::map<catalog::FamilyPtr, KindPtr> kinds;
  for (const Member& member : members) {
    KindPtr& kind = kinds[member.family];
    if (!kind) kind = std::make_shared<Kind>(member.family);
    nodes_.push_back(std::make_unique<Node>(*this, member, kind));
  }
  if (options_.time != nullptr) options_.time->allow_until(options_.time->now());
}

Fleet::~Fleet() {
  nodes_.clear();
  mosquitto_lib_cleanup();
}

Status Fleet::start() {
  for (const auto& node : nodes_) {
    if (Status started = node->start(); !started) return started;
  }
  return {};
}

void Fleet::tick() {
  VirtualClock* const time = options_.time;
  if (time == nullptr) {
    const TimePoint now = options_.clock->now();
    for (const auto& node : nodes_) {
      if (now >= node->due(1)) node->step(now);
    }
    return;
  }
  // While the server does not have everything, time stands at the step that it was said in; the
  // last acknowledgement comes back here.
  if (waits_for_server()) return;
  const VirtualClock::State at = time->state();
  const double speed = time->speed();
  bool stepped = false;
  for (const auto& node : nodes_) {
    // Where time stands still, all devices are to have come as far.
    if (at.now < node->due(speed) && (!at.paused || at.now <= node->stepped())) continue;
    node->step(at.now);
    stepped = true;
  }
  if (stepped) return tick_later();
  TimePoint due = TimePoint::max();
  TimePoint settled = at.now;
  for (const auto& node : nodes_) {
    due = std::min(due, node->due(speed));
    settled = std::min(settled, node->stepped());
  }
  time->settled_until(settled);
  time->allow_until(due);
  if (time->now() >= due) tick_later();
}

bool Fleet::waits_for_server() const {
  return std::ranges::any_of(nodes_, [](const auto& node) { return node->waits_for_server(); });
}

void Fleet::tick_later() {
  if (options_.time == nullptr || std::exchange(ticks_later_, true)) return;
  options_.loop->post([this] {
    ticks_later_ = false;
    tick();
  });
}

}  // namespace gridloom::sim
