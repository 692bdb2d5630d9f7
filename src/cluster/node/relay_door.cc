#include "node/relay_door.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include "node/relay_messages.h"
#include "wire/mqtt/packet.h"

namespace gridloom::node {
namespace {

using wire::mqtt::Reason;

// The client's socket is given so much at once, and the owner is notified once it took so much.
constexpr std::size_t kOutputPiece_bytes = kOutputCredit_bytes / 4;

// Whether a session that gets these first bytes does more than to wait for others.
bool are_enough(std::string_view first, const wire::mqtt::MqttLimits& limits) {
  if (first.empty()) return false;
  const auto header = wire::mqtt::peek_header(first);
  if (!header) return true;
  if (!*header) return false;
  return (*header)->type != wire::mqtt::PacketType::kConnect ||
         (*header)->total_bytes() > limits.packet_bytes || (*header)->total_bytes() <= first.size();
}

// Keeps no room once there is nothing left.
void remove_front(std::string& bytes, std::size_t count) {
  bytes.erase(0, count);
  if (bytes.empty()) bytes = {};
}

// One client's connection. It has a session of its own for as long as the owner has answered
// nothing: that reads the CONNECT, and refuses the client where the owner does not.
class DoorConnection final : public net::Protocol,
                             public RelayLinks::Relayed,
                             public std::enable_shared_from_this<DoorConnection> {
 public:
  DoorConnection(std::shared_ptr<const RelayDoor::Options> options,
                 std::shared_ptr<RelayLinks> links, net::ConnectionContext context)
      : Relayed(context.loop),
        options_(std::move(options)),
        links_(std::move(links)),
        context_(std::move(context)),
        session_(std::make_unique<wire::mqtt::Session>(options_->mqtt, options_->clock.now())) {}

  // --- for the client's socket
  void receive(std::string_view bytes, TimePoint now) override;
  void take_output(std::string& out) override;
  [[nodiscard]] bool has_output() const override { return has_bytes() || finished(); }
  [[nodiscard]] bool finished() const override { return phase_ == Phase::kEnded && !has_bytes(); }
  [[nodiscard]] bool resets() const override { return resets_; }
  [[nodiscard]] bool wants_input() const override;
  [[nodiscard]] std::int64_t account() const override { return account_; }
  [[nodiscard]] std::size_t kept_bytes() const override { return input_.size() + not_taken_; }
  void tick(TimePoint now) override;
  void server_stops() override;
  void peer_ends() override;
  void lost() override;

  // --- for the link
  void take(const RelayMessage& message) override;
  void go_on() override;
  void end() override;

 private:
  enum class Phase : std::uint8_t { kAwaitingConnect, kRelayed, kEnded };

  [[nodiscard]] bool has_bytes() const {
    return !output_.empty() || (session_ && session_->has_output());
  }
  void handle_events();
  void relay(const wire::mqtt::ConnectRequest& request);
  [[nodiscard]] std::size_t send(std::string_view input);
  void tell(RelayEnd::Kind kind) const;
  void end_here();
  void on(const RelayBytes& bytes);
  void on(const RelayTaken& taken);
  void on(const RelayAccount& known);
  void on(const RelayEnd& end);

  const std::shared_ptr<const RelayDoor::Options> options_;
  const std::shared_ptr<RelayLinks> links_;
  const net::ConnectionContext context_;
  Phase phase_ = Phase::kAwaitingConnect;
  std::unique_ptr<wire::mqtt::Session> session_;
  std::optional<RelayLinks::Way> way_;  // while kRelayed
  std::string input_;                   // that is not on its way
  std::size_t not_taken_ = 0;           // bytes that are on their way, or wait there
  std::string output_;                  // for the client
  std::size_t given_ = 0;               // bytes that the socket took, untold
  std::int64_t account_ = 0;
  bool peer_ended_ = false;
  bool resets_ = false;
};

void DoorConnection::receive(std::string_view bytes, TimePoint now) {
  if (phase_ == Phase::kEnded) return;
  if (phase_ == Phase::kRelayed && input_.empty()) bytes.remove_prefix(send(bytes));
  input_.append(bytes);
  if (phase_ == Phase::kRelayed) return;
  if (!are_enough(input_, options_->mqtt)) return;
  session_->receive(input_, now);
  handle_events();
  if (session_->finished()) end_here();
}

void DoorConnection::handle_events() {
  for (auto events = session_->take_events(); !events.empty(); events = session_->take_events()) {
    for (const auto& event : events) {
      if (const auto* asked = std::get_if<wire::mqtt::ConnectRequested>(&event)) {
        relay(*asked->request);
      }
      const auto* ended = std::get_if<wire::mqtt::Ended>(&event);
      if (ended == nullptr || !options_->record) continue;
      options_->record({.kind = hub::ClientEvent::Kind::kDisconnected,
                        .reason = name_of(ended->reason),
                        .peer = context_.peer,
                        .detail = ended->why});
    }
  }
}

void DoorConnection::relay(const wire::mqtt::ConnectRequest& request) {
  const auto endpoint = options_->relay_of(request.username.value_or(""));
  if (endpoint) {
    way_ = links_->open(*endpoint, weak_from_this(),
                        {.peer = context_.peer, .secure = context_.secure});
  }
  if (!way_) {
    return session_->refuse(Reason::kServerUnavailable,
                            "the slot of the account moves to another node, or gets back what its "
                            "log had lost: connect again in a moment");
  }
  phase_ = Phase::kRelayed;
  if (peer_ended_) tell(RelayEnd::Kind::kOrderly);
  remove_front(input_, send(input_));
}

// How much of it is on its way.
std::size_t DoorConnection::send(std::string_view input) {
  if (!way_ || input.empty() || not_taken_ >= kInputCredit_bytes) return 0;
  if (!way_->takes_more(weak_from_this())) return 0;
  const std::size_t size = std::min(input.size(), kInputCredit_bytes - not_taken_);
  not_taken_ += size;
  way_->send(RelayBytes{.connection = way_->number(), .data = input.substr(0, size)});
  return size;
}

void DoorConnection::tell(RelayEnd::Kind kind) const {
  way_->send(RelayEnd{.connection = way_->number(), .kind = kind});
}

// Nothing more is relayed, and the client's connection is to be closed.
void DoorConnection::end_here() {
  if (phase_ == Phase::kEnded) return;
  phase_ = Phase::kEnded;
  if (way_) way_->close();
  way_.reset();
  input_ = {};
  not_taken_ = 0;
  // The owner has answered nothing.
  if (session_) {
    session_->refuse(Reason::kServerUnavailable,
                     "the node that serves the account went away: connect again in a moment");
    handle_events();
  }
  context_.wake();
}

void DoorConnection::end() {
  if (way_) tell(RelayEnd::Kind::kReset);
  end_here();
}

void DoorConnection::take(const RelayMessage& message) {
  // Messages that were posted before the end.
  if (phase_ != Phase::kRelayed) return;
  std::visit(
      [this]<typename Message>(const Message& each) {
        if constexpr (std::is_same_v<Message, RelayOpen>) {
          end();  // the owner is broken
        } else {
          on(each);
        }
      },
      message);
}

void DoorConnection::on(const RelayBytes& bytes) {
  session_.reset();
  // An owner has no more than the credit on its way.
  if (output_.size() + given_ + bytes.data.size() > kOutputCredit_bytes) return end();
  output_.append(bytes.data);
  context_.wake();
}

void DoorConnection::on(const RelayTaken& taken) {
  not_taken_ -= std::min<std::uint64_t>(taken.bytes, not_taken_);
  go_on();
}

void DoorConnection::on(const RelayAccount& known) {
  account_ = known.account;
  context_.wake();
}

void DoorConnection::on(const RelayEnd& end) {
  resets_ = end.kind == RelayEnd::Kind::kReset;
  end_here();
}

void DoorConnection::go_on() {
  remove_front(input_, send(input_));
  context_.wake();
}

void DoorConnection::take_output(std::string& out) {
  if (session_) session_->take_output(out, options_->clock.now());
  const std::size_t size = std::min(output_.size(), kOutputPiece_bytes);
  out.append(output_, 0, size);
  output_.erase(0, size);
  if (output_.empty()) output_ = {};
  given_ += size;
  if (!way_ || given_ < kOutputPiece_bytes) return;
  way_->send(RelayTaken{.connection = way_->number(), .bytes = std::exchange(given_, 0)});
}

// A client that has ended is read on only once the owner has worked on all before: when nothing
// more is to be read the connection is closed, and an answer would come too late.
bool DoorConnection::wants_input() const {
  if (phase_ == Phase::kAwaitingConnect) return true;
  if (phase_ == Phase::kEnded || !input_.empty()) return false;
  return peer_ended_ ? not_taken_ == 0 : not_taken_ < kInputCredit_bytes;
}

void DoorConnection::tick(TimePoint now) {
  if (phase_ != Phase::kAwaitingConnect) return;
  session_->tick(now);
  if (session_->finished()) end_here();
}

void DoorConnection::server_stops() {
  if (phase_ == Phase::kRelayed) return tell(RelayEnd::Kind::kServerStops);
  if (phase_ == Phase::kEnded) return;
  session_->close(Reason::kServerShuttingDown, "the server stops");
  end_here();
}

void DoorConnection::peer_ends() {
  peer_ended_ = true;
  if (way_) tell(RelayEnd::Kind::kOrderly);
}

void DoorConnection::lost() {
  if (phase_ == Phase::kAwaitingConnect) session_->lost("the connection was closed");
  end();
  output_ = {};
  session_.reset();
}

}  // namespace

RelayDoor::RelayDoor(Options options)
    : options_(std::make_shared<const Options>(std::move(options))),
      links_(std::make_shared<RelayLinks>(RelayLinks::Options{.peers = options_->peers,
                                                              .loop = options_->loop,
                                                              .clock = options_->clock,
                                                              .run = options_->run,
                                                              .link = options_->link})) {
  options_->peers.use(this);
}

RelayDoor::~RelayDoor() { options_->peers.use(nullptr); }

net::MakeProtocol RelayDoor::make() const {
  return [options = options_, links = links_](net::ConnectionContext context) {
    return std::make_shared<DoorConnection>(options, links, std::move(context));
  };
}

void RelayDoor::received(const std::string& from, std::string bytes) {
  links_->received(from, std::move(bytes));
}

void RelayDoor::node_is_there(const std::string& node) { links_->node_is_there(node); }

void RelayDoor::node_is_away(const std::string& node) { links_->node_is_away(node); }

}  // namespace gridloom::node
