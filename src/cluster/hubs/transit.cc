#include "hubs/transit.h"

#include <iterator>
#include <utility>

#include "hub/clients/session_changes.h"
#include "hubs/request_bytes.h"
#include "journal/turn.h"

namespace gridloom::hub {
namespace {

// About what an entry takes besides its message's text.
constexpr std::size_t kEntryBytes = 200;
// A message of the link, so that one that is full is noticed before much more is given to it.
constexpr std::size_t kMaxSentBytes = std::size_t{256} * 1024;

std::size_t bytes_of(const Delivery& delivery) {
  return kEntryBytes + delivery.message->topic.size() + delivery.message->payload.size();
}

std::string row_of(std::int64_t number, std::int64_t there, const std::string& node,
                   const Identity& identity,
                   const std::map<std::string, Subscription>& subscriptions) {
  std::vector<Subscription> all;
  all.reserve(subscriptions.size());
  for (const auto& [filter, subscription] : subscriptions) all.push_back(subscription);
  const std::string packets = packets_of(all);
  const std::string client_id = kOfNode + node;
  std::string row;
  append_change(row, SessionKept{.session = number,
                                 .user = identity.name,
                                 .client_id = client_id,
                                 .signed_in_as = there,
                                 .generation = identity.generation,
                                 .subscriptions = packets});
  return row;
}

}  // namespace

Transit::Transit(Platform& platform, std::string node, std::shared_ptr<NodeChannel> channel)
    : platform_(platform), node_(std::move(node)), channel_(std::move(channel)) {}

void Transit::restore(StoredTransit stored) {
  std::map<std::string, Subscription> subscriptions;
  for (const Subscription& each : stored.subscriptions) subscriptions.emplace(each.filter, each);
  sessions_.emplace(stored.number, Session{.there = stored.session,
                                           .row = row_of(stored.number, stored.session, node_,
                                                         stored.identity, subscriptions)});
  by_there_.emplace(stored.session, stored.number);
  for (Delivery& each : stored.messages) put(stored.number, std::move(each));
  unsent_ = messages_.begin();
}

// --- sessions

std::int64_t Transit::begin(std::int64_t there, ClientNumber client) {
  if (there == 0 || !platform_.sessions) return 0;
  const auto [known, is_new] = by_there_.try_emplace(there, 0);
  if (is_new) known->second = platform_.sessions->new_number();
  Session& session = sessions_[known->second];
  session.there = there;
  session.client = client;
  return known->second;
}

void Transit::describe(std::int64_t there, const Identity& identity,
                       const std::map<std::string, Subscription>& subscriptions) {
  const auto known = by_there_.find(there);
  if (known == by_there_.end()) return;
  std::string row = row_of(known->second, there, node_, identity, subscriptions);
  Session& session = sessions_.at(known->second);
  if (session.row == row) return;
  changes_ += row;
  const bool is_first = std::exchange(session.row, std::move(row)).empty();
  // Before a message of it; later ones together.
  if (is_first) return write();
  writes_soon_ = true;
  work_soon();
}

void Transit::end(std::int64_t there) {
  const auto known = by_there_.find(there);
  if (known == by_there_.end()) return;
  const std::int64_t number = known->second;
  for (auto at = messages_.begin(); at != messages_.end();) {
    at = at->second.session == number ? done(at) : std::next(at);
  }
  sessions_.erase(number);
  by_there_.erase(known);
  log(SessionEnded{number});
}

// --- messages

void Transit::put(std::int64_t session, Delivery delivery) {
  const std::size_t bytes = bytes_of(delivery);
  bytes_ += bytes;
  sessions_.at(session).bytes += bytes;
  const std::int64_t number = delivery.number;
  const auto [at, is_new] =
      messages_.try_emplace(number, Message{.session = session, .delivery = std::move(delivery)});
  if (unsent_ == messages_.end() || number < unsent_->first) unsent_ = at;
}

std::size_t Transit::add(std::int64_t session, std::vector<Delivery> deliveries) {
  std::size_t left = 0;
  const auto known = sessions_.find(session);
  if (known == sessions_.end()) return left;  // it ended, and they with it
  for (Delivery& each : deliveries) {
    if (bytes_ >= kMaxBytes || known->second.bytes >= kMaxBytesOfSession) {
      log(MessageDone{.session = session, .message = each.number});
      ++left;
    } else {
      put(session, std::move(each));
    }
  }
  work_soon();
  return left;
}

// Behind the task that is running, which may have messages with lower numbers.
void Transit::work_soon() {
  if (std::exchange(works_soon_, true)) return;
  channel_->loop().post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->works_soon_ = false;
    self->send();
    if (std::exchange(self->writes_soon_, false)) self->write();
  });
}

Transit::Messages::iterator Transit::done(Messages::iterator message) {
  const std::size_t bytes = bytes_of(message->second.delivery);
  bytes_ -= bytes;
  sessions_.at(message->second.session).bytes -= bytes;
  if (message == unsent_) ++unsent_;
  return messages_.erase(message);
}

void Transit::taken(std::int64_t through) {
  for (auto at = messages_.begin(); at != messages_.end() && at->first <= through;) {
    if (!at->second.is_sent) {
      ++at;
      continue;
    }
    log(MessageDone{.session = at->second.session, .message = at->first});
    at = done(at);
  }
}

// Messages wait here while the link is full, because this queue is bounded for each client.
void Transit::send() {
  if (!is_introduced_) return;
  while (unsent_ != messages_.end() && !channel_->is_congested()) {
    const std::int64_t session = unsent_->second.session;
    Delivered delivered;
    for (std::size_t bytes = 0; unsent_ != messages_.end() && bytes < kMaxSentBytes; ++unsent_) {
      Message& next = unsent_->second;
      if (next.is_sent) continue;
      if (next.session != session) break;
      next.is_sent = true;
      bytes += bytes_of(next.delivery);
      delivered.deliveries.push_back(next.delivery);
    }
    if (delivered.deliveries.empty()) continue;
    channel_->send(link_session_,
                   ClientDelivered{.client = sessions_.at(session).client,
                                   .bytes = hub::bytes_of(delivered, steady_to_wall_)});
  }
}

// --- the link

void Transit::opened(std::uint64_t session, Millis steady_to_wall) {
  link_session_ = session;
  steady_to_wall_ = steady_to_wall;
}

void Transit::closed() {
  link_session_ = 0;
  is_introduced_ = false;
  for (auto& [number, session] : sessions_) session.client = 0;
}

void Transit::introduced(std::int64_t through) {
  for (auto& [number, message] : messages_) message.is_sent = number <= through;
  unsent_ = messages_.begin();
  std::vector<std::int64_t> gone;
  for (const auto& [number, session] : sessions_) {
    if (session.client == 0) gone.push_back(session.there);
  }
  for (const std::int64_t there : gone) end(there);
  is_introduced_ = true;
  send();
}

void Transit::tick() {
  send();
  write();
}

void Transit::write() {
  if (changes_.empty()) return;
  const std::string changes = std::exchange(changes_, {});
  if (platform_.journal == nullptr) return platform_.sessions->take(changes);
  platform_.journal->append(journal::RecordKind::kTurn,
                            journal::make_turn({.batch = {}, .session_changes = changes}), {}, 0);
}

void Transit::log(const SessionChange& change) {
  if (platform_.sessions) append_change(changes_, change);
}

}  // namespace gridloom::hub
