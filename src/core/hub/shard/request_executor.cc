#include "hub/shard/request_executor.h"

#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <variant>

#include "hub/platform/credentials.h"
#include "hub/shard/inbox.h"
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

void RequestExecutor::use(std::shared_ptr<const registry::Directory> directory) {
  directory_ = std::move(directory);
}

bool RequestExecutor::execute(Request& request, std::size_t& done) {
  if (const auto* publish = std::get_if<Publish>(&request.action))
    return this->publish(*publish, done);
  if (const auto* end = std::get_if<EndSession>(&request.action)) return end_session(*end->client);
  execute_at_once(request);
  return false;
}

void RequestExecutor::execute_at_once(Request& request) {
  auto& [account, reply, action] = request;
  const auto answer = [&](DeviceAnswer answer) {
    if (reply != kNoReply) parts_.reply({.to = reply, .answer = std::move(answer)});
  };
  std::visit(
      Overloaded{[&](const ReadAll& read) {
                   parts_.turn.add_effort_of_message(
                       parts_.requests.read_all(account, read, reply));
                 },
                 [&](const Read& read) {
                   parts_.turn.add_effort_of_message(parts_.requests.read(account, read, reply));
                 },
                 [&](Set& set) {
                   parts_.turn.add_effort_of_message(0);
                   parts_.requests.set(account, std::move(set), reply);
                 },
                 [&](Call& call) {
                   parts_.turn.add_effort_of_message(call.text.size());
                   parts_.requests.call(account, std::move(call), reply);
                 },
                 [&](const SaveTwin& save) { answer({.text = parts_.twins.save(save.sn)}); },
                 [&](const ReadTwins& read) { answer(read_twins(read)); },
                 [&](const Subscribe& request) {
                   subscribe(request);
                   answer({});
                 },
                 [&](const Unsubscribe& request) {
                   unsubscribe(request);
                   answer({});
                 },
                 [&](const Connect& request) { connect(request.client); },
                 [&](const Disconnect& request) { parts_.presence.disconnect(*request.client); },
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

DeviceAnswer RequestExecutor::read_twins(const ReadTwins& request) {
  DeviceAnswer found;
  for (const std::string& sn : request.sns) {
    parts_.turn.add_effort(1);
    const DeviceState* state = parts_.twins.find(sn).state;
    if (state == nullptr) continue;
    found.twins.push_back(parts_.turn.changes().snapshot_of(sn, *state));
    parts_.turn.add_effort_of_message(found.twins.back().bytes());
  }
  return found;
}

bool RequestExecutor::publish(const Publish& request, std::size_t& done) {
  const std::int64_t before = parts_.turn.effort();
  while (done < request.publications.size() && parts_.turn.effort() - before < Inbox::kStepEffort) {
    parts_.publications.publish(request.client, request.publications[done++]);
  }
  if (done < request.publications.size()) return true;
  parts_.turn.gate().consume_credit(request.client, credit_of(request.publications));
  return false;
}

void RequestExecutor::subscribe(const Subscribe& request) {
  const auto& [client, subscription] = request;
  parts_.turn.add_effort_of_message(subscription.filter.size());
  parts_.turn.router().subscriptions().subscribe(client, subscription);
  if (subscription.send_retained && !wire::mqtt::shared_parts(subscription.filter)) {
    parts_.retained.send(client, subscription);
  }
  parts_.turn.gate().consume_credit(client, kMessageBytes);
}

void RequestExecutor::unsubscribe(const Unsubscribe& request) {
  parts_.turn.add_effort_of_message(request.filter.size());
  parts_.turn.router().subscriptions().unsubscribe(*request.client, request.filter);
  parts_.turn.gate().consume_credit(request.client, kMessageBytes);
}

void RequestExecutor::connect(const ClientPtr& client) {
  parts_.clients.add(client);
  // The credentials may have ended since the sign-in.
  if (!still_valid(*directory_, client->identity())) {
    parts_.turn.flush();
    client->loop().post([client] { client->kick(KickReason::kNotAuthorized); });
  }
  const Identity& who = client->identity();
  if (who.role == Role::kDevice)
    parts_.presence.use_transport(*client, who.name, parts_.twins.at(who.name));
}

bool RequestExecutor::end_session(const Client& client) {
  parts_.clients.remove(client);
  parts_.presence.disconnect(client);
  const std::size_t removed = parts_.turn.router().subscriptions().remove(client, kRemovedAtOnce);
  parts_.turn.add_effort(kEffortOfClient * static_cast<std::int64_t>(1 + removed));
  return removed == kRemovedAtOnce;
}

void RequestExecutor::rebind(const Rebind& request) {
  parts_.clients.remove(*request.old);
  parts_.turn.gate().rebind(*request.old, request.fresh);
  parts_.turn.router().subscriptions().rebind(*request.old, request.fresh);
  parts_.turn.flush();
}

void RequestExecutor::hand_on(const HandOn& request) {
  parts_.turn.router().hand_on(*request.from, request.stored_number, request.deliveries);
  parts_.turn.writer().append();
}

}  // namespace gridloom::hub
