#include "hubs/door_nodes.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "hub/shard/request_executor.h"
#include "hubs/request_bytes.h"

namespace gridloom::hub {
namespace {

// An owner answers a set within the deadline of sets; this is for the way.
constexpr Millis kForTheWay{1000};

// The client that was charged for the request and gets no credit back by publications; null:
// nobody.
ClientPtr charged_by(const Request& request) {
  if (const auto* subscribe = std::get_if<Subscribe>(&request.action)) return subscribe->client;
  const auto* unsubscribe = std::get_if<Unsubscribe>(&request.action);
  return unsubscribe == nullptr ? nullptr : unsubscribe->client;
}

}  // namespace

DoorNodes::Node DoorNodes::add(std::shared_ptr<NodeChannel> channel) {
  nodes_.push_back({.channel = std::move(channel)});
  return nodes_.size() - 1;
}

void DoorNodes::closed(Node node) {
  State& state = nodes_[node];
  state.session = 0;
  for (auto& [number, waiting] : std::exchange(state.waiting, {})) {
    answered(*waiting.gathering,
             fail(ErrorCode::kNoAnswer, "the node of the device went away; try again"));
  }
  for (auto& [number, known] : std::exchange(state.clients, {})) {
    consume(known.client, known.owed_bytes);
    // The last reference may be this one: a client ends without the lock.
    effects_.emplace_back([client = std::move(known.client)] {});
  }
}

void DoorNodes::tick(TimePoint now) {
  for (State& node : nodes_) {
    std::erase_if(node.waiting, [&](const auto& each) {
      const Waiting& waiting = each.second;
      if (now < waiting.deadline) return false;
      answered(*waiting.gathering,
               fail(ErrorCode::kNoAnswer, "the node of the device did not answer in time"));
      return true;
    });
  }
}

// --- clients

void DoorNodes::tell(Node node, const NodeMessage& message) {
  nodes_[node].channel->send(nodes_[node].session, message);
}

void DoorNodes::meet(Node node, const ClientPtr& client) {
  const ClientNumber number = book_.number_of(client);
  Known& known = nodes_[node].clients[number];
  if (!std::exchange(known.is_met, true)) {
    known.client = client;
    known.told = {};
    ++known.stand_ins;
    tell(node, ClientMet{.client = number,
                         .identity = client->identity(),
                         .client_id = client->client_id(),
                         .peer = client->peer()});
  }
  const ClientState state{
      .client = number, .present = client->present(), .stored_number = client->stored_number()};
  if (known.told != state) tell(node, known.told = state);
}

void DoorNodes::meet_clients_of(Node node, const Request& request) {
  std::visit(
      [&](const auto& action) {
        if constexpr (requires { action.client; }) meet(node, action.client);
        if constexpr (requires { action.from; }) meet(node, action.from);
        if constexpr (requires { action.old; }) {
          meet(node, action.old);
          meet(node, action.fresh);
        }
      },
      request.action);
}

void DoorNodes::forget(Node node, const ClientPtr& client) {
  const auto found = nodes_[node].clients.find(book_.number_of(client));
  if (found != nodes_[node].clients.end()) found->second.is_met = false;
}

bool DoorNodes::knows(Node node, const ClientPtr& client) const {
  const auto found = nodes_[node].clients.find(book_.number_of(client));
  return found != nodes_[node].clients.end() && found->second.is_met;
}

void DoorNodes::client_changed(const ClientPtr& client) {
  for (Node node = 0; node < nodes_.size(); ++node) {
    if (knows(node, client)) meet(node, client);
  }
}

ClientPtr DoorNodes::client_of(Node node, ClientNumber number) const {
  const auto found = nodes_[node].clients.find(number);
  return found == nodes_[node].clients.end() ? nullptr : found->second.client;
}

// --- credit

void DoorNodes::consume(const ClientPtr& client, std::size_t bytes) {
  if (!client || bytes == 0) return;
  effects_.emplace_back([client, bytes] {
    if (client->consume_credit(bytes)) {
      client->loop().post([client] { client->resume_reading(); });
    }
  });
}

// --- requests

GatheringPtr DoorNodes::gather(const Request& request, std::size_t places) {
  auto gathering = std::make_shared<Gathering>(
      Gathering{.missing = places, .to = request.reply, .charged = charged_by(request)});
  // Nobody is asked for an answer.
  if (request.reply == kNoReply) consume(std::exchange(gathering->charged, nullptr), kMessageBytes);
  return gathering;
}

void DoorNodes::answered(Gathering& gathering, Result<DeviceAnswer> answer) {
  if (answer) {
    std::ranges::move(answer->twins, std::back_inserter(gathering.answer.twins));
    gathering.answer.text = std::move(answer->text);
    if (answer->last_report) gathering.answer.last_report = answer->last_report;
  } else {
    gathering.error = std::move(answer.error());
  }
  if (--gathering.missing != 0) return;
  consume(std::exchange(gathering.charged, nullptr), kMessageBytes);
  if (gathering.to == kNoReply) return;
  Reply reply{.to = gathering.to, .answer = std::move(gathering.answer)};
  if (gathering.error) reply.answer = std::unexpected(std::move(*gathering.error));
  effects_.emplace_back([&shards = shards_, reply = std::move(reply)]() mutable {
    shards.replies().take(std::move(reply));
  });
}

void DoorNodes::refuse(const Request& request) {
  answered(*gather(request, 1),
           fail(ErrorCode::kNoAnswer, "the node of the device is away; try again"));
}

void DoorNodes::ask(Node node, const Request& request, std::optional<Partition> partition,
                    const GatheringPtr& gathering) {
  meet_clients_of(node, request);
  std::uint64_t number = 0;
  if (gathering && gathering->to != kNoReply) {
    number = ++last_request_;
    nodes_[node].waiting[number] = {
        .gathering = gathering,
        .deadline = platform_.steady->now() + platform_.config.set_deadline + kForTheWay};
  }
  const Millis steady_to_wall = platform_.wall->now() - platform_.steady->now();
  tell(node, RemoteRequest{.number = number,
                           .partition = partition,
                           .bytes = bytes_of(request, book_, steady_to_wall)});
}

bool DoorNodes::is_strange(Node node, const Request& request) const {
  if (const auto* end = std::get_if<EndSession>(&request.action)) return !knows(node, end->client);
  if (const auto* gone = std::get_if<Disconnect>(&request.action)) {
    return !knows(node, gone->client);
  }
  if (const auto* rebind = std::get_if<Rebind>(&request.action)) return !knows(node, rebind->old);
  return false;
}

void DoorNodes::ask_all(const Request& request) {
  std::vector<Node> asked;
  for (Node node = 0; node < nodes_.size(); ++node) {
    if (is_open(node) && !is_strange(node, request)) asked.push_back(node);
  }
  const GatheringPtr gathering = gather(request, asked.size() + 1);
  for (const Node node : asked) {
    ask(node, request, std::nullopt, gathering);
    // The node forgets who ends.
    if (const auto* end = std::get_if<EndSession>(&request.action)) forget(node, end->client);
    if (const auto* rebind = std::get_if<Rebind>(&request.action)) forget(node, rebind->old);
  }
  answered(*gathering, DeviceAnswer{});
}

// --- what nodes tell

void DoorNodes::take(Node node, const RemoteReply& reply) {
  auto read = reply_in(reply.bytes);
  auto waiting = nodes_[node].waiting.extract(reply.number);
  if (waiting.empty()) return;
  if (!read) return answered(*waiting.mapped().gathering, std::unexpected(read.error()));
  answered(*waiting.mapped().gathering, std::move(read->answer));
}

void DoorNodes::take(Node node, const CreditReturned& returned) {
  const auto found = nodes_[node].clients.find(returned.client);
  if (found == nodes_[node].clients.end()) return;
  Known& known = found->second;
  const std::size_t bytes = std::min(returned.bytes, known.owed_bytes);
  known.owed_bytes -= bytes;
  consume(known.client, bytes);
}

void DoorNodes::take(Node node, const ClientGone& gone) {
  const auto found = nodes_[node].clients.find(gone.client);
  if (found == nodes_[node].clients.end() || --found->second.stand_ins != 0) return;
  consume(found->second.client, found->second.owed_bytes);
  // The last reference may be this one: a client ends without the lock.
  effects_.emplace_back([client = std::move(found->second.client)] {});
  nodes_[node].clients.erase(found);
}

}  // namespace gridloom::hub
