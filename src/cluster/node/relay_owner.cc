#include "node/relay_owner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>

#include "hubs/link_channel.h"
#include "node/relay_messages.h"
#include "node/served_connection.h"

namespace gridloom::node {
namespace {

// So many connections have their turn in one task of the loop.
constexpr std::size_t kTurnsOfTask = 64;

}  // namespace

// Everything of it is on the loop.
class RelayOwner::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() = default;

  void post(std::move_only_function<void(Impl&)> act) {
    options_.loop.post([weak = weak_from_this(), act = std::move(act)]() mutable {
      if (const auto self = weak.lock()) act(*self);
    });
  }
  void use(RelayOwner* handler) { options_.peers.use(handler); }
  void there(const std::string& name) { find_or_add(name).channel->node_is_there(); }
  void away(const std::string& name) {
    if (const auto found = links_.find(name); found != links_.end()) {
      found->second->channel->node_is_away();
    }
  }
  void received(const std::string& from, std::string_view bytes) {
    if (const auto found = links_.find(from); found != links_.end()) {
      found->second->channel->receive(bytes);
    }
  }
  void tick();
  void stop();
  void drop();
  [[nodiscard]] std::size_t connections() const;

 private:
  // A connection, and whether it waits for its turn.
  struct Served {
    explicit Served(ServedConnection::Line line) : connection(std::move(line)) {}
    ServedConnection connection;
    ConnectionNumber number = 0;
    bool is_ready = false;
  };
  using ServedPtr = std::shared_ptr<Served>;
  struct Link {
    std::string name;
    std::shared_ptr<hub::LinkChannel> channel;
    std::uint64_t session = 0;  // 0: not open
    std::unordered_map<ConnectionNumber, ServedPtr> connections{};
  };

  Link& find_or_add(const std::string& name);
  void closed(Link& link);
  void take(Link& link, std::string_view bytes);
  void open(Link& link, const RelayOpen& open);
  static void tell(const Link& link, const RelayMessage& message) {
    link.channel->send(link.session, head_of(message), data_of(message));
  }
  static void refuse(const Link& link, ConnectionNumber number) {
    tell(link, RelayEnd{.connection = number, .kind = RelayEnd::Kind::kOrderly});
  }
  void make_ready(Link& link, const ServedPtr& served);
  void post_turns();
  void run_turns();
  void for_each(const std::function<void(Link& link, const ServedPtr& served)>& act);
  static void forget(Link& link, const ServedPtr& served);

  struct Ready {
    Link* link;  // which stays
    ServedPtr served;
  };
  const Options options_;
  std::map<std::string, std::unique_ptr<Link>> links_;
  std::deque<Ready> ready_;  // in the order of their turns
  bool turns_posted_ = false;
  bool stops_ = false;
};

// --- links to doors

RelayOwner::Impl::Link& RelayOwner::Impl::find_or_add(const std::string& name) {
  auto& known = links_[name];
  if (known) return *known;
  known = std::make_unique<Link>(Link{.name = name, .channel = nullptr});
  Link& link = *known;
  // The link and its channel end with this object.
  link.channel = std::make_shared<hub::LinkChannel>(
      hub::LinkChannel::Options{.loop = options_.loop,
                                .clock = options_.clock,
                                .run = options_.run,
                                .limits = options_.link,
                                .congested_bytes = options_.link.window_bytes / 4},
      hub::LinkChannel::Events{
          .opened =
              [&link](std::uint64_t session) {
                spdlog::info("{}: linked", link.name);
                link.session = session;
              },
          .closed = [this, &link] { closed(link); },
          .received = [this, &link](std::string_view bytes) { take(link, bytes); },
          .send = [this,
                   name](const std::string& frame) { return options_.peers.send(name, frame); },
          .eased =
              [this, &link] {
                for (const auto& [number, served] : link.connections) make_ready(link, served);
              }});
  return link;
}

void RelayOwner::Impl::closed(Link& link) {
  spdlog::warn("{}: not linked any more", link.name);
  link.session = 0;
  for (const auto& [number, served] : std::exchange(link.connections, {})) {
    served->connection.lose();
  }
}

void RelayOwner::Impl::take(Link& link, std::string_view bytes) {
  auto message = relay_message_in(bytes);
  if (!message) return spdlog::error("{}: {}", link.name, message.error().detail);
  std::visit(
      [&]<typename Message>(const Message& each) {
        if constexpr (std::is_same_v<Message, RelayOpen>) {
          open(link, each);
        } else if constexpr (!std::is_same_v<Message, RelayAccount>) {
          // Others may have come before the door knew of the end.
          const auto found = link.connections.find(each.connection);
          if (found == link.connections.end()) return;
          const ServedPtr served = found->second;
          served->connection.take(each);
          if (served->connection.is_over()) forget(link, served);
        }
      },
      *message);
}

void RelayOwner::Impl::open(Link& link, const RelayOpen& open) {
  const ConnectionNumber number = open.connection;
  if (link.connections.contains(number)) return;
  if (stops_ || connections() >= options_.connections) return refuse(link, number);
  // The line and the context hold the connection weakly, for it holds them.
  const auto itself = std::make_shared<std::weak_ptr<Served>>();
  const auto wake = [weak_owner = weak_from_this(), &link, itself] {
    const auto owner = weak_owner.lock();
    const auto served = itself->lock();
    if (owner && served) owner->make_ready(link, served);
  };
  const auto served = std::make_shared<Served>(
      ServedConnection::Line{.number = number,
                             .send = [&link](const RelayMessage& message) { tell(link, message); },
                             .is_congested = [&link] { return link.channel->is_congested(); },
                             .wants_turn = wake});
  *itself = served;
  served->number = number;
  served->connection.use(options_.protocol(
      {.loop = options_.loop, .wake = wake, .secure = open.secure, .peer = open.peer}));
  link.connections.emplace(number, served);
  make_ready(link, served);
}

// --- turns

void RelayOwner::Impl::make_ready(Link& link, const ServedPtr& served) {
  if (served->connection.is_over() || std::exchange(served->is_ready, true)) return;
  ready_.push_back({.link = &link, .served = served});
  post_turns();
}

void RelayOwner::Impl::post_turns() {
  if (std::exchange(turns_posted_, true)) return;
  post([](Impl& owner) { owner.run_turns(); });
}

void RelayOwner::Impl::run_turns() {
  turns_posted_ = false;
  const TimePoint now = options_.clock.now();
  for (std::size_t left = std::min(ready_.size(), kTurnsOfTask); left != 0; --left) {
    const Ready next = std::move(ready_.front());
    ready_.pop_front();
    next.served->is_ready = false;
    next.served->connection.turn(now);
    if (next.served->connection.is_over()) forget(*next.link, next.served);
  }
  if (!ready_.empty()) post_turns();
}

void RelayOwner::Impl::forget(Link& link, const ServedPtr& served) {
  const auto found = link.connections.find(served->number);
  if (found != link.connections.end() && found->second == served) link.connections.erase(found);
}

void RelayOwner::Impl::for_each(
    const std::function<void(Link& link, const ServedPtr& served)>& act) {
  for (const auto& [name, link] : links_) {
    for (const auto& [number, served] : link->connections) act(*link, served);
  }
}

void RelayOwner::Impl::tick() {
  const TimePoint now = options_.clock.now();
  for_each([&](Link& /*link*/, const ServedPtr& served) { served->connection.tick(now); });
  for (const auto& [name, link] : links_) link->channel->tick();
}

std::size_t RelayOwner::Impl::connections() const {
  std::size_t all = 0;
  for (const auto& [name, link] : links_) all += link->connections.size();
  return all;
}

void RelayOwner::Impl::stop() {
  stops_ = true;
  for_each([](Link& /*link*/, const ServedPtr& served) { served->connection.server_stops(); });
}

void RelayOwner::Impl::drop() {
  stops_ = true;
  for (const auto& [name, link] : links_) {
    for (const auto& [number, served] : std::exchange(link->connections, {})) {
      tell(*link, RelayEnd{.connection = number, .kind = RelayEnd::Kind::kReset});
      served->connection.lose();
    }
  }
}

// --- any thread

RelayOwner::RelayOwner(Options options) : impl_(std::make_shared<Impl>(std::move(options))) {
  impl_->use(this);
}

RelayOwner::~RelayOwner() {
  impl_->use(nullptr);
  impl_->drop();
}

void RelayOwner::tick() {
  impl_->post([](Impl& owner) { owner.tick(); });
}

void RelayOwner::stop() { impl_->stop(); }

void RelayOwner::drop() { impl_->drop(); }

std::size_t RelayOwner::connections() const { return impl_->connections(); }

void RelayOwner::received(const std::string& from, std::string bytes) {
  impl_->post([from, bytes = std::move(bytes)](Impl& owner) { owner.received(from, bytes); });
}

void RelayOwner::node_is_there(const std::string& node) {
  impl_->post([node](Impl& owner) { owner.there(node); });
}

void RelayOwner::node_is_away(const std::string& node) {
  impl_->post([node](Impl& owner) { owner.away(node); });
}

}  // namespace gridloom::node
