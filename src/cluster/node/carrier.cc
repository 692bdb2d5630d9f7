#include "node/carrier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace gridloom::node {
namespace {

constexpr std::uint64_t kVersion = 2;
constexpr std::size_t kHeadBytes = 32;  // about: without the names
// A message has no further frame above this; a frame alone may have as much again. Servers take
// messages up to 1 MB.
constexpr std::size_t kMessageBytes = std::size_t{256} * 1024;

bool is_door(std::string_view name) { return name.starts_with("door-"); }

// Relays have nothing to say to their like.
bool are_linked(EndpointPart part, std::string_view one, std::string_view other) {
  return one != other && (part == EndpointPart::kHub || is_door(one) != is_door(other));
}

}  // namespace

std::string door_name(std::string_view node) { return fmt::format("door-{}", node); }
std::string slot_name(cluster::Slot slot) {
  return fmt::format("slot-{}", cluster::number_of(slot));
}

class Carrier::Endpoint final : public hub::Peers, public std::enable_shared_from_this<Endpoint> {
 public:
  Endpoint(Carrier& carrier, Key key, std::uint64_t run, Loop* loop)
      : carrier_(carrier), key_(std::move(key)), run_(run), loop_(loop) {}

  [[nodiscard]] const Key& key() const { return key_; }

  void use(Handler* handler) override {
    {
      const std::unique_lock lock(mutex_);
      handler_ = handler;
    }
    if (handler == nullptr) return;
    const std::scoped_lock placing(carrier_.placing_);
    Places present;
    {
      const std::shared_lock lock(carrier_.mutex_);
      present = carrier_.places_;
    }
    for (const auto& [name, place] : present) tell(name, true);
  }
  [[nodiscard]] bool send(const std::string& node, const std::string& bytes) override {
    return carrier_.send(*this, node, bytes);
  }
  [[nodiscard]] Frame frame(std::string_view to, std::string_view bytes) const {
    return {.part = key_.first, .run = run_, .to = to, .from = key_.second, .bytes = bytes};
  }
  [[nodiscard]] bool send_to(const cluster::NodeId& node, const Frame& frame);
  // Nothing leaves any more, or is about to.
  void close();

  void tell(const std::string& name, bool is_there) {
    if (!are_linked(key_.first, key_.second, name)) return;
    const std::shared_lock lock(mutex_);
    if (handler_ == nullptr) return;
    is_there ? handler_->node_is_there(name) : handler_->node_is_away(name);
  }
  void receive(const std::string& from, std::string bytes) {
    const std::shared_lock lock(mutex_);
    if (handler_ != nullptr) handler_->received(from, std::move(bytes));
  }

 private:
  // To one node.
  struct Outgoing {
    cluster::NodeId node;
    std::string message{};
    std::uint64_t frames = 0;
  };
  static void append(Outgoing& to, const Frame& frame);
  void flush();

  Carrier& carrier_;
  const Key key_;
  const std::uint64_t run_;
  Loop* const loop_;
  std::shared_mutex mutex_;  // held while the handler runs
  Handler* handler_ = nullptr;
  std::mutex outgoing_mutex_;  // guards the next two members
  std::vector<Outgoing> outgoing_;
  bool flushes_ = false;  // a task that flushes is posted
  std::mutex sending_;    // held while it is sent, and guards the next member
  bool is_closed_ = false;
};

void Carrier::Endpoint::append(Outgoing& to, const Frame& frame) {
  std::string& message = to.message;
  if (message.empty()) append_varint(message, kVersion);
  append_varint(message, static_cast<std::uint64_t>(frame.part));
  append_varint(message, frame.run);
  append_text(message, frame.to);
  append_text(message, frame.from);
  append_text(message, frame.bytes);
  ++to.frames;
}

bool Carrier::Endpoint::send_to(const cluster::NodeId& node, const Frame& frame) {
  if (loop_ == nullptr) {
    Outgoing alone{.node = node};
    alone.message.reserve(kHeadBytes + frame.to.size() + frame.from.size() + frame.bytes.size());
    append(alone, frame);
    return carrier_.publish(alone.node, alone.message, alone.frames);
  }
  {
    const std::lock_guard lock(outgoing_mutex_);
    auto found = std::ranges::find_if(outgoing_, [&](const Outgoing& each) {
      return each.node == node && each.message.size() + frame.bytes.size() <= kMessageBytes;
    });
    if (found == outgoing_.end()) found = outgoing_.insert(found, Outgoing{.node = node});
    append(*found, frame);
    if (std::exchange(flushes_, true)) return true;
  }
  loop_->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->flush();
  });
  return true;
}

void Carrier::Endpoint::flush() {
  std::vector<Outgoing> outgoing;
  {
    const std::lock_guard lock(outgoing_mutex_);
    flushes_ = false;
    outgoing.swap(outgoing_);
  }
  const std::lock_guard lock(sending_);
  if (is_closed_) return;
  // A record that was refused is sent again, as one that was lost (hubs/node_link.h).
  for (const Outgoing& each : outgoing) {
    static_cast<void>(carrier_.publish(each.node, each.message, each.frames));
  }
}

void Carrier::Endpoint::close() {
  flush();
  const std::lock_guard lock(sending_);
  is_closed_ = true;
}

Result<std::unique_ptr<Carrier>> Carrier::start(cluster::Bus& bus, cluster::NodeId self,
                                                std::string_view prefix) {
  std::unique_ptr<Carrier> carrier(new Carrier(bus, std::move(self), prefix));
  GL_TRY(auto subscribed, bus.subscribe(carrier->subject_of(carrier->self_),
                                        [&carrier = *carrier](std::string_view /*subject*/,
                                                              std::string_view message) {
                                          carrier.receive(message);
                                        }));
  carrier->subscription_ = std::move(subscribed);
  return carrier;
}

Carrier::Carrier(cluster::Bus& bus, cluster::NodeId self, std::string_view prefix)
    : bus_(bus), self_(std::move(self)), prefix_(prefix) {}

Carrier::~Carrier() = default;

std::string Carrier::subject_of(const cluster::NodeId& node) const {
  return fmt::format("{}.node.{}.{:x}", prefix_, node.name, node.incarnation);
}

std::unique_ptr<hub::Peers> Carrier::add(EndpointPart part, const std::string& name,
                                         std::uint64_t run, Loop* loop) {
  // The caller's handle; the carrier knows the endpoint until it ends.
  class Owned final : public hub::Peers {
   public:
    Owned(Carrier& carrier, std::shared_ptr<Endpoint> endpoint)
        : carrier_(carrier), endpoint_(std::move(endpoint)) {}
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() override {
      carrier_.remove(*endpoint_);
      endpoint_->close();
    }
    void use(Handler* handler) override { endpoint_->use(handler); }
    [[nodiscard]] bool send(const std::string& node, const std::string& bytes) override {
      return endpoint_->send(node, bytes);
    }

   private:
    Carrier& carrier_;
    std::shared_ptr<Endpoint> endpoint_;
  };
  auto endpoint = std::make_shared<Endpoint>(*this, Key{part, name}, run, loop);
  {
    const std::unique_lock lock(mutex_);
    endpoints_.insert_or_assign(endpoint->key(), endpoint);
  }
  return std::make_unique<Owned>(*this, std::move(endpoint));
}

void Carrier::remove(const Endpoint& endpoint) {
  const std::unique_lock lock(mutex_);
  const auto found = endpoints_.find(endpoint.key());
  if (found != endpoints_.end() && found->second.get() == &endpoint) endpoints_.erase(found);
}

void Carrier::place(Places places) {
  const std::scoped_lock placing(placing_);
  Places before;
  std::vector<std::shared_ptr<Endpoint>> endpoints;
  {
    const std::unique_lock lock(mutex_);
    before = std::exchange(places_, places);
    for (const auto& [key, endpoint] : endpoints_) endpoints.push_back(endpoint);
  }
  for (const auto& [name, place] : before) {
    const auto now = places.find(name);
    if (now != places.end() && now->second == place) continue;
    for (const auto& endpoint : endpoints) endpoint->tell(name, false);
  }
  for (const auto& [name, place] : places) {
    const auto then = before.find(name);
    if (then != before.end() && then->second == place) continue;
    for (const auto& endpoint : endpoints) endpoint->tell(name, true);
  }
}

bool Carrier::send(Endpoint& from, const std::string& to, const std::string& bytes) {
  std::optional<cluster::NodeId> node;
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = places_.find(to); found != places_.end()) node = found->second.node;
  }
  if (!node) return false;
  const Frame frame = from.frame(to, bytes);
  if (*node != self_) return from.send_to(*node, frame);
  deliver(frame);
  return true;
}

bool Carrier::publish(const cluster::NodeId& node, std::string_view message, std::uint64_t frames) {
  if (!bus_.publish(subject_of(node), message)) return false;
  frames_ += frames;
  ++messages_;
  bytes_ += message.size();
  return true;
}

void Carrier::receive(std::string_view message) {
  Cursor cursor(message);
  if (cursor.varint() != kVersion) cursor.fail();
  do {
    const std::uint64_t part = cursor.varint();
    Frame frame;
    frame.run = cursor.varint();
    frame.to = cursor.text();
    frame.from = cursor.text();
    frame.bytes = cursor.text();
    if (cursor.failed() || part > static_cast<std::uint64_t>(EndpointPart::kRelay)) {
      ++stale_;
      return;
    }
    frame.part = static_cast<EndpointPart>(part);
    deliver(frame);
  } while (!cursor.at_end());
}

void Carrier::deliver(const Frame& frame) {
  std::shared_ptr<Endpoint> endpoint;
  {
    const std::shared_lock lock(mutex_);
    const auto place = places_.find(std::string(frame.from));
    const auto found = endpoints_.find({frame.part, std::string(frame.to)});
    if (place == places_.end() || place->second.run != frame.run || found == endpoints_.end()) {
      ++stale_;
      return;
    }
    endpoint = found->second;
  }
  endpoint->receive(std::string(frame.from), std::string(frame.bytes));
}

Carrier::Counts Carrier::counts() const {
  return {.frames = frames_, .messages = messages_, .bytes = bytes_, .stale = stale_};
}

}  // namespace gridloom::node
