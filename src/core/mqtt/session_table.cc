#include "mqtt/session_table.h"

#include <spdlog/spdlog.h>

#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "hub/platform/credentials.h"
#include "mqtt/session_publications.h"
#include "wire/json.h"

namespace gridloom::mqtt {
namespace {

// Idle streams (their session has ended) kept per user, and the time for which each is kept.
constexpr std::size_t kMaxIdleStreams = 64;
constexpr Millis kIdleStreamsFor{kDay_ms};
constexpr Millis kIdleStreamsEvery{60'000};

void end_stored(const hub::Hub& hub, std::int64_t stream) {
  if (stream != 0) record(hub, hub::StreamEnded{stream});
}

bool same_credential(const hub::Identity& one, const hub::Identity& other) {
  return hub::number_of(one) == hub::number_of(other) && one.generation == other.generation;
}

// Whether a stored session still belongs to its user. Rows of version 1 have neither number: they
// are taken to belong to the present one.
bool is_of(const StoredSession& row, const hub::Identity& who) {
  if (row.generation == 0) return true;
  return row.signed_in_as == hub::number_of(who) && row.generation == who.generation;
}

}  // namespace

std::string SessionTable::key_of(const ClientSession& session) {
  return session.identity().name + '\n' + session.client_id();
}

ClientSessionPtr SessionTable::longest_parked(const std::string& user) const {
  ClientSessionPtr oldest;
  std::int64_t oldest_ms = 0;
  const std::string prefix = user + '\n';
  for (auto at = sessions_.lower_bound(prefix);
       at != sessions_.end() && at->first.starts_with(prefix); ++at) {
    const std::int64_t since_ms = at->second->lifetime().parked_since_ms();
    if (since_ms == 0 || (oldest && since_ms >= oldest_ms)) continue;
    oldest = at->second;
    oldest_ms = since_ms;
  }
  return oldest;
}

// A user with too many sessions loses the one that has been parked longest.
bool SessionTable::evict_parked(const ClientSession& fresh) {
  const std::string& user = fresh.identity().name;
  const OfUser& has = users_[user];
  const bool full = has.all >= limits_.sessions ||
                    (fresh.lifetime().outlives_connection() && has.kept >= limits_.kept_sessions);
  if (!full) return true;
  const ClientSessionPtr oldest = longest_parked(user);
  if (!oldest) return false;
  spdlog::info("user {} has reached its limit of sessions: the parked session of client id {} ends",
               user, wire::to_text(wire::Json(wire::shortened(oldest->client_id()))));
  oldest->loop().post([oldest] { oldest->expire(); });
  return true;
}

void SessionTable::count_out(const ClientSession& session) {
  const auto account = of_accounts_.find(session.identity().account);
  if (--account->second == 0) of_accounts_.erase(account);
  const auto user = users_.find(session.identity().name);
  if (session.lifetime().outlives_connection()) --user->second.kept;
  if (--user->second.all == 0) users_.erase(user);
}

// Returns the session that it replaces.
ClientSessionPtr SessionTable::put(const ClientSessionPtr& session) {
  ClientSessionPtr older = std::exchange(sessions_[key_of(*session)], session);
  OfUser& user = users_[session->identity().name];
  ++user.all;
  ++of_accounts_[session->identity().account];
  if (session->lifetime().outlives_connection()) {
    ++user.kept;
    watched_[&session->loop()].insert(session);
  }
  if (older) count_out(*older);
  return older;
}

void SessionTable::give_number(ClientSession& fresh, const ClientSession* resumed) {
  const auto& keeper = fresh.server().hub->platform().sessions;
  if (!fresh.lifetime().outlives_connection() || !keeper) return;
  const std::int64_t number = resumed == nullptr ? 0 : resumed->stored_number();
  fresh.set_stored_number(number != 0 ? number : keeper->new_number());
}

SessionTable::Joined SessionTable::join(const ClientSessionPtr& fresh, Start start) {
  ClientSessionPtr older;
  bool resumes = false;
  {
    const std::lock_guard lock(mutex_);
    if (!sessions_.contains(key_of(*fresh))) {
      const auto account = of_accounts_.find(fresh->identity().account);
      if (account != of_accounts_.end() && account->second >= limits_.account.sessions) {
        return Joined::kAccountIsFull;
      }
      if (!evict_parked(*fresh)) return Joined::kFull;
    }
    older = put(fresh);
    ClientStreamPtr& stream = streams_[key_of(*fresh)];
    if (!stream) stream = std::make_shared<ClientStream>();
    fresh->publications().use(stream);
    // A session of an earlier password, or of a device that had this serial number before, is not
    // resumed: the notice of its end may just not have arrived yet.
    resumes =
        older && start == Start::kResume && same_credential(older->identity(), fresh->identity());
    give_number(*fresh, resumes ? older.get() : nullptr);
  }
  if (!resumes) {
    fresh->publications().clear();
    if (older) older->loop().post([older] { older->discard(hub::KickReason::kTakenOver); });
    return Joined::kNew;
  }
  older->loop().post([older, fresh] { older->hand_over(fresh); });
  return Joined::kAwaitsTakeover;
}

// A client whose session ended may still repeat its publications, some even over clean sessions. So
// the stream is kept for a while, if it has any receipts.
void SessionTable::end_stream(const ClientSession& session) {
  const std::string key = key_of(session);
  const auto ended = streams_.find(key);
  if (ended == streams_.end()) return;
  ended->second->use(session.server().clock->now());
  const bool no_more = ended->second->empty();
  auto oldest = no_more ? ended : streams_.end();
  std::size_t idle = 0;
  const std::string prefix = session.identity().name + '\n';
  for (auto at = streams_.lower_bound(prefix);
       !no_more && at != streams_.end() && at->first.starts_with(prefix); ++at) {
    if (sessions_.contains(at->first)) continue;
    ++idle;
    if (oldest == streams_.end() || at->second->used_at() < oldest->second->used_at()) oldest = at;
  }
  if (!no_more && idle <= kMaxIdleStreams) return;
  if (const std::int64_t number = oldest->second->number(); number != 0) {
    record(*session.server().hub, hub::StreamEnded{number});
  }
  streams_.erase(oldest);
}

void SessionTable::remove(const ClientSessionPtr& session) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(key_of(*session));
  if (found != sessions_.end() && found->second == session) {
    sessions_.erase(found);
    count_out(*session);
    end_stream(*session);
  }
  const auto watched = watched_.find(&session->loop());
  if (watched != watched_.end()) watched->second.erase(session);
}

void SessionTable::restore(const ServerContext& server, const std::vector<Loop*>& loops,
                           StoredSessions stored, StoredStreams streams) {
  std::size_t next = 0;
  const auto directory = server.hub->platform().registry.directory();
  hub_ = server.hub;
  std::vector<ClientSessionPtr> replaced;
  const TimePoint now = server.clock->now();
  for (StoredStream& row : streams) {
    if (!server.hub->access().identity_of(row.user)) {
      end_stored(*server.hub, row.number);
      continue;
    }
    row.receipts.all_answered(now);
    const auto stream = std::make_shared<ClientStream>(row.number, std::move(row.receipts));
    stream->use(now);
    streams_.insert_or_assign(row.user + '\n' + row.client_id, stream);
  }
  for (StoredSession& row : stored) {
    auto identity = server.hub->access().identity_of(row.user);
    if (!identity || !is_of(row, *identity)) {
      record(*server.hub, hub::SessionEnded{row.number});
      continue;
    }
    std::erase_if(row.messages, [&](const wire::mqtt::Outbox::Kept& kept) {
      const bool ended =
          kept.entry.message && !hub::may_receive(*directory, *identity, kept.entry.message->topic);
      if (ended) record(*server.hub, hub::MessageDone{row.number, kept.entry.number});
      return ended;
    });
    Loop& loop = *loops[next++ % loops.size()];
    // The log is more recent than a row, which is written only now and then.
    ClientStreamPtr stream;
    if (const auto known = streams_.find(row.user + '\n' + row.client_id);
        known != streams_.end()) {
      stream = known->second;
      row.received = stream->owed();
    }
    const auto session =
        std::make_shared<ClientSession>(ClientSession::Options{.server = server,
                                                               .loop = loop,
                                                               .identity = std::move(*identity),
                                                               .client_id = row.client_id,
                                                               .expiry_s = row.expiry_s},
                                        std::move(row));
    session->publications().use(std::move(stream));
    {
      const std::lock_guard lock(mutex_);
      // Two sessions of one client id: the first was being ended when the server stopped.
      if (const ClientSessionPtr older = put(session)) replaced.push_back(older);
    }
  }
  // Nothing else runs yet: the hub learns of the sessions before it learns of any connection.
  for (const auto& [key, session] : sessions_) session->register_restored();
  for (const ClientSessionPtr& older : replaced) older->discard(hub::KickReason::kTakenOver);
}

void SessionTable::end_idle_streams(TimePoint now) {
  if (hub_ == nullptr || now < streams_looked_at_ + kIdleStreamsEvery) return;
  streams_looked_at_ = now;
  std::erase_if(streams_, [&](const auto& entry) {
    const auto& [key, stream] = entry;
    const bool idle = !sessions_.contains(key) && now >= stream->used_at() + kIdleStreamsFor;
    if (idle) end_stored(*hub_, stream->number());
    return idle;
  });
}

void SessionTable::sweep(Loop& loop, TimePoint now) {
  std::vector<ClientSessionPtr> here;
  {
    const std::lock_guard lock(mutex_);
    end_idle_streams(now);
    const auto found = watched_.find(&loop);
    if (found == watched_.end()) return;
    here.assign(found->second.begin(), found->second.end());
  }
  for (const ClientSessionPtr& session : here) session->sweep(now);
}

SessionTable::Counts SessionTable::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts{.sessions = sessions_.size()};
  for (const auto& [key, session] : sessions_) {
    if (session->lifetime().parked_since_ms() != 0) ++counts.waiting;
  }
  return counts;
}

}  // namespace gridloom::mqtt
