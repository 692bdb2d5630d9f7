#include "sim/fleet.h"

#include <fmt/format.h>
#include <mosquitto.h>
#include <spdlog/spdlog.h>

#include <algorithm>
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

struct Free {
  void operator()(mosquitto* client) const { mosquitto_destroy(client); }
};

}  // namespace

// A device and its client. The library's thread reads nothing of it but what the constructor made;
// its callbacks post to the loop. They hold no owner: the loop is stopped before a node goes, and a
// node ends the library's thread before its memory goes, so that neither comes too late.
class Fleet::Node {
 public:
  Node(const Options& options, const World& world, const Member& member)
      : options_(options),
        world_(world),
        set_topic_(fmt::format("/device/{}/set", member.sn)),
        device_(member.family, member.sn, Chance(options.world.seed),
                world.at(options.clock->now())),
        client_(mosquitto_new(member.sn.c_str(), true, this)) {
    if (!client_) return;
    mosquitto_username_pw_set(client_.get(), member.sn.c_str(), member.key.reveal().c_str());
    mosquitto_reconnect_delay_set(client_.get(), kReconnectFirst_s, kReconnectMost_s, true);
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

  void tick(TimePoint now) {
    if (now < due_) return;
    due_ = now + Millis(device_.family().messages.change_ms);
    std::vector<VirtualDevice::Message> messages;
    device_.step(world_.at(now), messages);
    publish(messages);
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
      node->options_.loop->post([node] { node->online_ = false; });
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
    online_ = true;
    unacknowledged_ = 0;
    report_everything();
  }
  void on_acknowledged() {
    unacknowledged_ = std::max(0, unacknowledged_ - 1);
    if (unacknowledged_ == 0 && behind_) report_everything();
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
      const bool waits = unacknowledged_ >= kMostUnacknowledged && message.verb == "quota";
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

  const Options& options_;
  const World& world_;
  const std::string set_topic_;
  VirtualDevice device_;
  TimePoint due_;
  bool online_ = false;
  bool behind_ = false;  // some reports were not sent
  int unacknowledged_ = 0;
  std::unique_ptr<mosquitto, Free> client_;
};

Fleet::Fleet(const Options& options, std::vector<Member> members)
    : options_(options), world_(options.world) {
  mosquitto_lib_init();
  for (const Member& member : members) {
    nodes_.push_back(std::make_unique<Node>(options_, world_, member));
  }
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
  const TimePoint now = options_.clock->now();
  for (const auto& node : nodes_) node->tick(now);
}

}  // namespace gridloom::sim
