// What a shard does for each request.
#include <functional>
#include <numeric>
#include <utility>
#include <variant>

#include "hub/credentials.h"
#include "hub/inbox.h"
#include "hub/shard.h"
#include "wire/mqtt/topic.h"

namespace gridloom::hub {
namespace {

constexpr std::int64_t kEffortOfClient = 4;
constexpr std::size_t kRemovedAtOnce = 32;  // subscriptions of a session that ended

template <typename... Act>
struct Overloaded : Act... {
  using Act::operator()...;
};

}  // namespace

std::size_t credit_of(const std::vector<Inbound>& publications) {
  return std::transform_reduce(
      publications.begin(), publications.end(), std::size_t{0}, std::plus<>(),
      [](const Inbound& each) { return kMessageBytes + each.message->payload.size(); });
}

bool Shard::execute(Request& request, std::size_t& done) {
  if (const auto* publish = std::get_if<Publish>(&request.action))
    return this->publish(*publish, done);
  if (const auto* end = std::get_if<EndSession>(&request.action)) return end_session(*end->client);
  execute(request.account, request.reply, request.action);
  return false;
}

void Shard::execute(registry::AccountId account, ReplyId reply, Request::Action& action) {
  const auto answer = [&](DeviceAnswer answer) {
    reply_({.to = reply, .answer = std::move(answer)});
  };
  std::visit(
      Overloaded{
          [&](const ReadAll& read) { count_effort(requests_.read_all(account, read, reply)); },
          [&](const Read& read) { count_effort(requests_.read(account, read, reply)); },
          [&](Set& set) {
            count_effort(0);
            requests_.set(account, std::move(set), reply);
          },
          [&](const SaveTwin& save) { answer({.text = twins_.save(save.sn)}); },
          [&](const ReadTwins& read) {
            DeviceAnswer found;
            for (const std::string& sn : read.sns) {
              ++effort_;
              const DeviceState* state = twins_.find(sn).state;
              if (state == nullptr) continue;
              found.twins.push_back(changes_.snapshot_of(sn, *state));
              count_effort(found.twins.back().bytes());
            }
            answer(std::move(found));
          },
          [&](const Subscribe& request) { subscribe(request); },
          [&](const Unsubscribe& request) { unsubscribe(request); },
          [&](const Connect& request) { connect(request.client); },
          [&](const Disconnect& request) { disconnect(*request.client); },
          [&](const Rebind& request) {
            rebind(request);
            answer({});
          },
          [&](const HandOn& request) {
            hand_on(request);
            answer({});
          },
          // These take several steps; see the other function.
          [](const Publish&) {}, [](const EndSession&) {}},
      action);
}

bool Shard::publish(const Publish& request, std::size_t& done) {
  const std::int64_t before = effort();
  while (done < request.publications.size() && effort() - before < Inbox::kStepEffort) {
    publish(request.client, request.publications[done++]);
  }
  if (done < request.publications.size()) return true;
  consume_credit(request.client, credit_of(request.publications));
  return false;
}

void Shard::subscribe(const Subscribe& request) {
  const auto& [client, subscription] = request;
  count_effort(subscription.filter.size());
  router_.subscriptions().subscribe(client, subscription);
  if (subscription.send_retained && !wire::mqtt::shared_parts(subscription.filter)) {
    send_retained(client, subscription);
  }
  consume_credit(client, kMessageBytes);
}

void Shard::unsubscribe(const Unsubscribe& request) {
  count_effort(request.filter.size());
  router_.subscriptions().unsubscribe(*request.client, request.filter);
  consume_credit(request.client, kMessageBytes);
}

void Shard::connect(const ClientPtr& client) {
  clients_[client.get()] = client;
  // The credentials may have ended since the sign-in.
  if (!still_valid(*directory_, client->identity())) {
    flush();
    client->loop().post([client] { client->kick(KickReason::kNotAuthorized); });
  }
  const Identity& who = client->identity();
  if (who.role == Role::kDevice) use_transport(*client, who.name, twins_.at(who.name));
}

void Shard::disconnect(const Client& client) {
  for (const std::string& sn : twins_.take_devices_of(client)) left(client, sn);
}

bool Shard::end_session(const Client& client) {
  clients_.erase(&client);
  disconnect(client);
  const std::size_t removed = router_.subscriptions().remove(client, kRemovedAtOnce);
  effort_ += kEffortOfClient * static_cast<std::int64_t>(1 + removed);
  return removed == kRemovedAtOnce;
}

void Shard::rebind(const Rebind& request) {
  clients_.erase(request.old.get());
  gate_.rebind(*request.old, request.fresh);
  router_.subscriptions().rebind(*request.old, request.fresh);
  flush();
}

void Shard::hand_on(const HandOn& request) {
  router_.hand_on(*request.from, request.stored_number, request.deliveries);
  writer_.append();
}

}  // namespace gridloom::hub
