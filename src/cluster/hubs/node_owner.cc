#include "hubs/node_owner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "hub/clients/topic_rights.h"
#include "hub/shard/request_executor.h"
#include "hubs/change_bytes.h"
#include "hubs/request_bytes.h"

namespace gridloom::hub {
namespace {

Partition partition_of_delivery(const Delivery& delivery) {
  const std::string_view topic = delivery.message->topic;
  const auto of_app = open_topic(topic);
  const auto of_device = device_topic(topic);
  return partition_of(of_app ? of_app->sn : of_device ? of_device->sn : std::string());
}

// A slow door's clients lose what it does not take, as clients do that do not read.
void drop(Platform& platform, const Client& client, std::size_t deliveries) {
  platform.counters.dropped_queue_full.fetch_add(deliveries, std::memory_order_relaxed);
  platform.client_events.record({.kind = ClientEvent::Kind::kDisconnected,
                                 .reason = "slow node",
                                 .user = client.identity().name,
                                 .client_id = client.client_id(),
                                 .peer = client.peer(),
                                 .detail = "its node does not take its messages"},
                                platform.steady->now());
}

}  // namespace

// Tells a door what changes.
class NodeOwner::Reader final : public ChangeReader {
 public:
  Reader(std::shared_ptr<const RemoteClient::NodeSession> door, ChangeInterest interest)
      : door_(std::move(door)), interest_(std::move(interest)) {}

  void on_changes(ChangeBatch batch) override {
    if (door_->channel->is_congested()) batch = {.is_lost = true};
    door_->channel->send(door_->session,
                         ChangesTold{.interest = interest_, .bytes = bytes_of(batch)});
  }

 private:
  const std::shared_ptr<const RemoteClient::NodeSession> door_;
  const ChangeInterest interest_;
};

void NodeOwner::tell(const NodeMessage& message) const {
  parts_.channel->send(door_->session, message);
}

NodeOwner::NodeOwner(Parts parts)
    : parts_(std::move(parts)),
      transit_(std::make_shared<Transit>(parts_.platform, parts_.name, parts_.channel)) {}

void NodeOwner::restore(StoredTransit stored) {
  Known known{.client = std::make_shared<RemoteClient>(node_session(0),
                                                       ClientMet{.identity = stored.identity}),
              .has_session = true,
              .session = stored.session};
  known.client->set_present(false);
  known.client->set_stored_number(stored.number);
  for (const Subscription& each : stored.subscriptions) {
    known.client->expect_surplus(kMessageBytes * parts_.shards.size());
    to_all_here({.account = stored.identity.account,
                 .action = Subscribe{.client = known.client, .subscription = each}});
    known.subscriptions.emplace(each.filter, each);
  }
  away_.insert_or_assign(stored.session, std::move(known));
  transit_->restore(std::move(stored));
}

std::shared_ptr<const RemoteClient::NodeSession> NodeOwner::node_session(
    std::uint64_t session) const {
  return std::make_shared<const RemoteClient::NodeSession>(RemoteClient::NodeSession{
      .channel = parts_.channel,
      .session = session,
      .steady_to_wall = parts_.platform.wall->now() - parts_.platform.steady->now(),
      .transit = transit_,
      .dropped = [&platform = parts_.platform](const Client& client, std::size_t left) {
        drop(platform, client, left);
      }});
}

void NodeOwner::opened(std::uint64_t session) {
  door_ = node_session(session);
  transit_->opened(session, door_->steady_to_wall);
}

void NodeOwner::closed() {
  transit_->closed();
  for (auto& [number, known] : std::exchange(clients_, {})) {
    if (known.session == 0) {
      end_here(known.client);
      continue;
    }
    known.client->set_present(false);
    to_all_here({.account = known.client->identity().account, .action = Disconnect{known.client}});
    away_.insert_or_assign(known.session, std::move(known));
  }
  streams_.fill({});
  readings_.clear();
  door_ = nullptr;
}

void NodeOwner::to_all_here(const Request& request) {
  for (std::size_t i = 0; i < parts_.shards.size(); ++i) parts_.shards.send_here(i, request);
}

void NodeOwner::end_here(const ClientPtr& client) {
  to_all_here({.account = client->identity().account, .action = EndSession{client}});
}

// Behind the end of the client's session at all shards: then no message can follow.
void NodeOwner::end_transit(const ClientPtr& client, std::int64_t session) {
  if (session == 0) return;
  const ReplyId reply = parts_.shards.replies().add(parts_.shards.size(), &parts_.channel->loop(),
                                                    [weak = std::weak_ptr(transit_), session] {
                                                      if (const auto transit = weak.lock())
                                                        transit->end(session);
                                                    });
  to_all_here({.account = client->identity().account,
               .reply = reply,
               .action = HandOn{.from = client, .deliveries = {}}});
}

// --- clients

RemoteClientPtr NodeOwner::client_of(ClientNumber number) const {
  const auto found = clients_.find(number);
  return found == clients_.end() ? nullptr : found->second.client;
}

void NodeOwner::take(const ClientMet& met) {
  clients_[met.client] = {.client = std::make_shared<RemoteClient>(door_, met)};
}

void NodeOwner::take(const ClientState& state) {
  const auto found = clients_.find(state.client);
  if (found == clients_.end()) return;
  Known& known = found->second;
  known.client->set_present(state.present);
  known.client->set_stored_number(transit_->begin(state.stored_number, state.client));
  if (state.stored_number == 0 || state.stored_number == known.session) return;
  known.session = state.stored_number;
  // The session continues with what it had before the link was closed.
  auto before = away_.extract(known.session);
  if (!before.empty()) {
    known.subscriptions = std::move(before.mapped().subscriptions);
    for (const auto& [filter, subscription] : known.subscriptions) known.stale.insert(filter);
    known.has_session = true;
    to_all_here({.account = known.client->identity().account,
                 .action = Rebind{.old = before.mapped().client, .fresh = known.client}});
  }
  transit_->describe(known.session, known.client->identity(), known.subscriptions);
}

void NodeOwner::take(const DoorIntroduced& introduced) {
  for (auto& [number, known] : clients_) {
    for (const std::string& filter : std::exchange(known.stale, {})) {
      known.subscriptions.erase(filter);
      known.client->expect_surplus(kMessageBytes * parts_.shards.size());
      to_all_here({.account = known.client->identity().account,
                   .action = Unsubscribe{.client = known.client, .filter = filter}});
    }
    transit_->describe(known.session, known.client->identity(), known.subscriptions);
  }
  for (auto& [session, known] : std::exchange(away_, {})) {
    end_here(known.client);
    end_transit(known.client, session);
  }
  transit_->introduced(introduced.through);
}

void NodeOwner::take(const DeliveriesTaken& taken) { transit_->taken(taken.through); }

NodeOwner::Known& NodeOwner::known_of(const ClientPtr& client) {
  return clients_.at(std::static_pointer_cast<RemoteClient>(client)->number());
}

void NodeOwner::note_subscriptions(const Request& request) {
  Known* known = nullptr;
  if (const auto* subscribe = std::get_if<Subscribe>(&request.action)) {
    known = &known_of(subscribe->client);
    Subscription subscription = subscribe->subscription;
    subscription.send_retained = false;
    known->stale.erase(subscription.filter);
    const std::string filter = subscription.filter;
    if (known->session != 0) known->subscriptions[filter] = std::move(subscription);
  } else if (const auto* unsubscribe = std::get_if<Unsubscribe>(&request.action)) {
    known = &known_of(unsubscribe->client);
    known->subscriptions.erase(unsubscribe->filter);
  } else if (const auto* rebind = std::get_if<Rebind>(&request.action)) {
    known = &known_of(rebind->fresh);
    known->subscriptions.merge(known_of(rebind->old).subscriptions);
  }
  if (known == nullptr || known->session == 0) return;
  transit_->describe(known->session, known->client->identity(), known->subscriptions);
}

void NodeOwner::take(const StreamBegins& begins) {
  parts_.offered(begins.partition, begins.revision);
  Stream& stream = streams_.at(number_of(begins.partition));
  stream = {.number = begins.stream,
            .revision = begins.revision,
            .is_taken = parts_.owns(begins.partition, begins.revision)};
  if (stream.is_taken) return;
  tell(PartitionMoved{.partition = begins.partition, .stream = stream.number});
}

// --- requests

void NodeOwner::answer(std::uint64_t number, Result<DeviceAnswer> answer) const {
  if (number == 0) return;
  tell(RemoteReply{.number = number, .bytes = bytes_of(Reply{.answer = std::move(answer)})});
}

ReplyId NodeOwner::reply_after(std::size_t count, std::uint64_t number) const {
  return parts_.shards.replies().add(count, &parts_.channel->loop(), [door = door_, number] {
    door->channel->send(
        door->session,
        RemoteReply{.number = number, .bytes = bytes_of(Reply{.answer = DeviceAnswer{}})});
  });
}

void NodeOwner::take(const RemoteRequest& asked) {
  auto request = request_in(
      asked.bytes, [this](ClientNumber number) { return client_of(number); },
      door_->steady_to_wall);
  if (!request) {
    if (request.error().code == ErrorCode::kMalformed) {
      spdlog::error("a request of another node: {}", request.error().detail);
    }
    return answer(asked.number, std::unexpected(std::move(request.error())));
  }
  const registry::AccountId account = request->account;
  begin_sessions(*request);
  note_subscriptions(*request);
  if (auto* publish = std::get_if<Publish>(&request->action)) {
    this->publish(*publish, account);
  } else if (auto* hand_on = std::get_if<HandOn>(&request->action)) {
    this->hand_on(asked, *hand_on, account);
  } else if (const auto* read = std::get_if<ReadTwins>(&request->action)) {
    read_twins(asked, *read, account);
  } else if (asked.partition) {
    to_one(asked, std::move(*request));
  } else {
    to_all(asked, *request);
  }
}

// All that a client asks for but HandOn, which comes behind the end of its session.
void NodeOwner::begin_sessions(const Request& request) {
  const auto begin = [this](const ClientPtr& client) {
    clients_.at(std::static_pointer_cast<RemoteClient>(client)->number()).has_session = true;
  };
  std::visit(
      [&](const auto& action) {
        if constexpr (requires { action.client; }) begin(action.client);
        if constexpr (requires { action.fresh; }) begin(action.fresh);
      },
      request.action);
}

void NodeOwner::publish(Publish& publish, registry::AccountId account) {
  std::vector<std::vector<Inbound>> by_shard(parts_.shards.size());
  std::vector<Inbound> refused;
  for (Inbound& each : publish.publications) {
    const Partition partition = partition_of(each.sn);
    Stream& stream = streams_.at(number_of(partition));
    if (stream.is_taken && parts_.owns(partition, stream.revision)) {
      by_shard[parts_.shards.local_index_of(partition)].push_back(std::move(each));
      continue;
    }
    if (std::exchange(stream.is_taken, false)) {
      tell(PartitionMoved{.partition = partition, .stream = stream.number});
    }
    refused.push_back(std::move(each));
  }
  if (!refused.empty()) static_cast<void>(publish.client->consume_credit(credit_of(refused)));
  for (std::size_t i = 0; i < by_shard.size(); ++i) {
    if (by_shard[i].empty()) continue;
    parts_.shards.send_here(
        i, {.account = account,
            .action = Publish{.client = publish.client, .publications = std::move(by_shard[i])}});
  }
}

void NodeOwner::hand_on(const RemoteRequest& asked, HandOn& request, registry::AccountId account) {
  const ClientNumber number = std::static_pointer_cast<RemoteClient>(request.from)->number();
  if (!clients_.at(number).has_session) clients_.erase(number);
  std::map<std::size_t, std::vector<Delivery>> by_shard;
  for (Delivery& each : request.deliveries) {
    by_shard[parts_.shards.local_index_of(partition_of_delivery(each))].push_back(std::move(each));
  }
  if (by_shard.empty()) return answer(asked.number, DeviceAnswer{});
  const ReplyId reply = reply_after(by_shard.size(), asked.number);
  for (auto& [index, some] : by_shard) {
    parts_.shards.send_here(
        index, {.account = account,
                .reply = reply,
                .action = HandOn{.from = request.from, .deliveries = std::move(some)}});
  }
}

void NodeOwner::read_twins(const RemoteRequest& asked, const ReadTwins& request,
                           registry::AccountId account) {
  std::map<std::size_t, std::vector<std::string>> by_shard;
  for (const std::string& sn : request.sns) {
    by_shard[parts_.shards.local_index_of(partition_of(sn))].push_back(sn);
  }
  if (by_shard.empty()) return answer(asked.number, DeviceAnswer{});
  // Used on the channel's loop only.
  struct Found {
    std::size_t missing = 0;
    DeviceAnswer answer{};
  };
  const auto found = std::make_shared<Found>(Found{.missing = by_shard.size()});
  const auto take = [found, door = door_, number = asked.number](Result<DeviceAnswer> part) {
    if (part) std::ranges::move(part->twins, std::back_inserter(found->answer.twins));
    if (--found->missing != 0) return;
    door->channel->send(door->session,
                        RemoteReply{.number = number,
                                    .bytes = bytes_of(Reply{.answer = std::move(found->answer)})});
  };
  for (auto& [index, sns] : by_shard) {
    const ReplyId reply =
        parts_.shards.replies().add({.loop = &parts_.channel->loop(), .done = take});
    parts_.shards.send_here(
        index, {.account = account, .reply = reply, .action = ReadTwins{std::move(sns)}});
  }
}

void NodeOwner::to_one(const RemoteRequest& asked, Request request) {
  const Partition partition = *asked.partition;
  if (parts_.shards.is_elsewhere(partition)) {
    return answer(asked.number,
                  fail(ErrorCode::kNoAnswer, "the device is at another node by now; try again"));
  }
  if (const auto* subscribe = std::get_if<Subscribe>(&request.action)) {
    const auto client = std::static_pointer_cast<RemoteClient>(subscribe->client);
    client->expect_surplus(kMessageBytes);
  }
  if (asked.number != 0) {
    request.reply = parts_.shards.replies().add(
        {.loop = &parts_.channel->loop(),
         .done = [door = door_, number = asked.number](Result<DeviceAnswer> result) {
           door->channel->send(door->session,
                               RemoteReply{.number = number,
                                           .bytes = bytes_of(Reply{.answer = std::move(result)})});
         }});
  }
  parts_.shards.send_here(parts_.shards.local_index_of(partition), std::move(request));
}

void NodeOwner::to_all(const RemoteRequest& asked, const Request& request) {
  const std::size_t shards = parts_.shards.size();
  const auto expect = [shards](const ClientPtr& client) {
    std::static_pointer_cast<RemoteClient>(client)->expect_surplus(kMessageBytes * shards);
  };
  if (const auto* subscribe = std::get_if<Subscribe>(&request.action)) expect(subscribe->client);
  if (const auto* unsubscribe = std::get_if<Unsubscribe>(&request.action)) {
    expect(unsubscribe->client);
  }
  const auto forget = [this](const ClientPtr& client) {
    return clients_.extract(std::static_pointer_cast<RemoteClient>(client)->number());
  };
  Request copy = request;
  if (asked.number != 0) copy.reply = reply_after(shards, asked.number);
  to_all_here(copy);
  if (const auto* end = std::get_if<EndSession>(&request.action)) {
    const auto ended = forget(end->client);
    if (!ended.empty()) end_transit(end->client, ended.mapped().session);
  }
  if (const auto* rebind = std::get_if<Rebind>(&request.action)) {
    forget(rebind->old);
    const ClientNumber fresh = std::static_pointer_cast<RemoteClient>(rebind->fresh)->number();
    static_cast<void>(transit_->begin(clients_.at(fresh).session, fresh));
  }
}

// --- changes

void NodeOwner::take(const ChangesWanted& wanted) {
  ChangeInterest key = wanted.interest;
  const std::string sn = std::exchange(key.sn, {});
  const bool names_devices = key.scope == ChangeReaderOptions::Scope::kDevices;
  auto found = readings_.find(key);
  if (wanted.wanted) {
    if (found == readings_.end()) {
      auto reader = std::make_shared<Reader>(door_, key);
      ChangeSubscription subscription =
          parts_.platform.changes.subscribe({.reader = reader,
                                             .loop = &parts_.channel->loop(),
                                             .scope = key.scope,
                                             .account = key.account,
                                             .detail = key.detail,
                                             .for_node = true});
      found = readings_
                  .emplace(key, Reading{.reader = std::move(reader),
                                        .subscription = std::move(subscription),
                                        .devices = {}})
                  .first;
    }
    if (names_devices && found->second.devices.insert(sn).second) {
      found->second.subscription.add(sn);
    }
  } else if (found != readings_.end()) {
    if (found->second.devices.erase(sn) != 0) found->second.subscription.remove(sn);
    if (found->second.devices.empty()) readings_.erase(found);
  }
}

}  // namespace gridloom::hub
