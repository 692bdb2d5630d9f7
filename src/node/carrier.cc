#include "node/carrier.h"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace gridloom::node {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kHeadBytes = 32;  // about: without the names

bool is_door(std::string_view name) { return name.starts_with("door-"); }

// Relays have nothing to say to their like.
bool are_linked(Part part, std::string_view one, std::string_view other) {
  return one != other && (part == Part::kHub || is_door(one) != is_door(other));
}

}  // namespace

std::string door_name(std::string_view node) { return fmt::format("door-{}", node); }
std::string slot_name(cluster::Slot slot) {
  return fmt::format("slot-{}", cluster::number_of(slot));
}

class Carrier::Endpoint final : public hub::Peers {
 public:
  Endpoint(Carrier& carrier, Key key, std::uint64_t run)
      : carrier_(carrier), key_(std::move(key)), run_(run) {}

  [[nodiscard]] const Key& key() const { return key_; }
  [[nodiscard]] std::uint64_t run() const { return run_; }

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
  Carrier& carrier_;
  const Key key_;
  const std::uint64_t run_;
  std::shared_mutex mutex_;  // held while the handler runs
  Handler* handler_ = nullptr;
};

Result<std::unique_ptr<Carrier>> Carrier::start(cluster::Bus& bus, cluster::NodeId self,
                                                std::string_view prefix) {
  std::unique_ptr<Carrier> carrier(new Carrier(bus, std::move(self), prefix));
  auto subscribed =
      bus.subscribe(carrier->subject_of(carrier->self_),
                    [&carrier = *carrier](std::string_view /*subject*/, std::string_view frame) {
                      carrier.receive(frame);
                    });
  if (!subscribed) return std::unexpected(subscribed.error());
  carrier->subscription_ = std::move(*subscribed);
  return carrier;
}

Carrier::Carrier(cluster::Bus& bus, cluster::NodeId self, std::string_view prefix)
    : bus_(bus), self_(std::move(self)), prefix_(prefix) {}

Carrier::~Carrier() = default;

std::string Carrier::subject_of(const cluster::NodeId& node) const {
  return fmt::format("{}.node.{}.{:x}", prefix_, node.name, node.incarnation);
}

std::unique_ptr<hub::Peers> Carrier::add(Part part, const std::string& name, std::uint64_t run) {
  // What the caller has; the carrier knows the endpoint until then.
  class Owned final : public hub::Peers {
   public:
    Owned(Carrier& carrier, std::shared_ptr<Endpoint> endpoint)
        : carrier_(carrier), endpoint_(std::move(endpoint)) {}
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() override { carrier_.remove(*endpoint_); }
    void use(Handler* handler) override { endpoint_->use(handler); }
    [[nodiscard]] bool send(const std::string& node, const std::string& bytes) override {
      return endpoint_->send(node, bytes);
    }

   private:
    Carrier& carrier_;
    std::shared_ptr<Endpoint> endpoint_;
  };
  auto endpoint = std::make_shared<Endpoint>(*this, Key{part, name}, run);
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

bool Carrier::send(const Endpoint& from, const std::string& to, const std::string& bytes) {
  std::optional<cluster::NodeId> node;
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = places_.find(to); found != places_.end()) node = found->second.node;
  }
  if (!node) return false;
  const Header header{
      .part = from.key().first, .run = from.run(), .to = to, .from = from.key().second};
  if (*node == self_) {
    deliver(header, bytes);
    return true;
  }
  std::string frame;
  frame.reserve(kHeadBytes + header.to.size() + header.from.size() + bytes.size());
  append_varint(frame, kVersion);
  append_varint(frame, static_cast<std::uint64_t>(header.part));
  append_varint(frame, header.run);
  append_text(frame, header.to);
  append_text(frame, header.from);
  frame += bytes;
  if (!bus_.publish(subject_of(*node), frame)) return false;
  ++frames_;
  bytes_ += frame.size();
  return true;
}

void Carrier::receive(std::string_view frame) {
  Cursor cursor(frame);
  const std::uint64_t version = cursor.varint();
  const std::uint64_t part = cursor.varint();
  Header header;
  header.run = cursor.varint();
  header.to = cursor.text();
  header.from = cursor.text();
  if (cursor.failed() || version != kVersion || part > static_cast<std::uint64_t>(Part::kRelay)) {
    ++stale_;
    return;
  }
  header.part = static_cast<Part>(part);
  deliver(header, cursor.rest());
}

void Carrier::deliver(const Header& header, std::string_view bytes) {
  std::shared_ptr<Endpoint> endpoint;
  {
    const std::shared_lock lock(mutex_);
    const auto place = places_.find(std::string(header.from));
    const auto found = endpoints_.find({header.part, std::string(header.to)});
    if (place == places_.end() || place->second.run != header.run || found == endpoints_.end()) {
      ++stale_;
      return;
    }
    endpoint = found->second;
  }
  endpoint->receive(std::string(header.from), std::string(bytes));
}

Carrier::Counts Carrier::counts() const {
  return {.frames = frames_, .bytes = bytes_, .stale = stale_};
}

}  // namespace gridloom::node
