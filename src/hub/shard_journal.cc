// The records that a shard writes to the journal, and the output that waits until they are durable:
// acknowledgements of reports and sets, answers of sets, and, while the disk does not keep up, the
// publishers' credit.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "history/turn.h"
#include "hub/shard.h"

namespace gridloom::hub {
namespace {

using history::RecordKind;

// The limits for a device's own timestamp: values that it could not send for a day are still stored
// at their own time, and a clock that is wrong does not spoil the history.
constexpr Millis kOldest{24 * 60 * 60 * 1000};
constexpr Millis kNewest{60 * 1000};

// For text that comes from a device, in the audit.
constexpr std::size_t kMostWhy_bytes = 400;

std::string text_of(const wire::Json& code) {
  return code.is_string() ? std::string(code.get_string()) : wire::to_text(code);
}

}  // namespace

// The timestamp of the report that reader_ read last, if it is plausible.
std::optional<TimePoint> Shard::reported_at(TimePoint now) const {
  const auto& envelope = reader_.envelope();
  const auto found =
      std::ranges::find(envelope, std::string_view("timestamp"), &twin::Member::name);
  if (found == envelope.end()) return std::nullopt;
  const std::string_view text = found->text;
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const TimePoint at{Millis(ms)};
  return at >= now - kOldest && at <= now + kNewest ? std::optional(at) : std::nullopt;
}

// A resent report that the session did not recognize as a repetition is marked (kResent) if it has
// a timestamp of its own: only by it can a repetition be recognized, since values repeat.
void Shard::record_report(DeviceState& state, TimePoint now, const PublishOptions& options) {
  const auto own_time = reported_at(now);
  batch_.begin(state.number, unix_ms(own_time.value_or(now)));
  for (const twin::Taken& taken : taken_) {
    const std::string& name = state.twin.name_of(taken.slot);
    if (taken.slot < state.kind.refs.size()) {
      batch_.add(state.kind.refs[taken.slot], name, taken.text);
    } else if (!history::is_own(name)) {
      batch_.add(name, taken.text);
    }
  }
  if (options.resent && own_time) batch_.add(history::kResent, "1");
  batch_.end();
}

void Shard::record_presence(DeviceState& state, bool online) {
  if (platform_.journal == nullptr) return;
  batch_.begin(state.number, unix_ms(platform_.clock.now()));
  batch_.add(history::kPresence, online ? "1" : "0");
  batch_.end();
}

std::uint64_t Shard::append(RecordKind kind, std::string payload) {
  const std::uint64_t record = ++appended_;
  platform_.journal->append(kind, std::move(payload), [post = &post_, record] {
    (*post)([record](Shard& shard) { shard.durable(record); });
  });
  return record;
}

// All changes since the last call are one record, so that a crash keeps all of them or none. Audit
// entries come after it, because their order relative to the reports has no meaning.
void Shard::append_turn() {
  if (!has_records()) return;
  if (platform_.journal == nullptr) {
    if (platform_.sessions) platform_.sessions->take(session_changes_);
    session_changes_.clear();
    return;
  }
  if (!session_changes_.empty()) {
    const std::string batch = batch_.empty() ? std::string() : batch_.take();
    append(RecordKind::kTurn,
           history::make_turn(
               {.batch = batch, .session_changes = std::exchange(session_changes_, {})}));
  } else if (!batch_.empty()) {
    append(RecordKind::kReports, batch_.take());
  } else {
    ++appended_;  // audit entries were promised numbers after this one
  }
  for (std::string& entry : std::exchange(audit_, {})) append(RecordKind::kAudit, std::move(entry));
}

std::uint64_t Shard::last_record() const {
  if (!audit_.empty()) return appended_ + 1 + audit_.size();
  return appended_ + (has_turn() ? 1 : 0);
}

std::uint64_t Shard::append_audit(wire::JsonObject entry) {
  if (platform_.journal == nullptr) return 0;
  entry["at"] = unix_ms(platform_.clock.now());
  audit_.push_back(wire::to_text(entry));
  return last_record();
}

std::string Shard::name_of(registry::AccountId account) const {
  const registry::Account* found = directory_->find_account(account);
  return found == nullptr ? std::string() : found->name;
}

void Shard::record_refused_set(std::string_view who, std::string_view through,
                               const std::string& sn, const Error& why) {
  if (platform_.journal == nullptr || platform_.journal->behind()) return;
  const auto left_out = refused_sets_.admit(platform_.steady->now());
  if (!left_out) return;
  wire::JsonObject entry{{"what", "set_refused"},
                         {"who", who},
                         {"through", through},
                         {"sn", wire::shortened(sn)},
                         {"why", why.detail}};
  if (*left_out != 0) entry["leftOut"] = *left_out;
  append_audit(std::move(entry));
}

void Shard::record_outcome(const std::string& sn, const Pending& pending,
                           const Result<Message>& reply) {
  if (platform_.journal == nullptr) return;
  const std::string_view through =
      std::holds_alternative<HttpRequester>(pending.asker) ? "http" : "mqtt";
  if (pending.record == 0) {  // the set was never started
    if (!reply) record_refused_set(pending.who, through, sn, reply.error());
    return;
  }
  wire::JsonObject entry{{"what", "set_reply"},
                         {"who", pending.who},
                         {"through", through},
                         {"sn", sn},
                         {"id", pending.id}};
  if (reply) {
    entry["outcome"] = "answered";
    const auto parsed = wire::parse_json(reply->payload, platform_.config.json);
    const wire::Json* code = parsed ? wire::member(*parsed, "code") : nullptr;
    if (code != nullptr) entry["code"] = wire::shortened(text_of(*code));
  } else {
    entry["outcome"] = reply.error().code == ErrorCode::kOffline ? "unanswered" : "refused";
    entry["why"] = wire::shortened(reply.error().detail, kMostWhy_bytes);
  }
  append_audit(std::move(entry));
}

void Shard::durable(std::uint64_t record) {
  durable_ = record;
  while (!held_acks_.empty() && held_acks_.front().record <= record) {
    const HeldAck& held = held_acks_.front();
    batch_for(held.client).acks.push_back(held.ack);
    held_acks_.pop_front();
  }
  // finish() holds answers again that wait for a later record.
  for (HeldAnswer& held : std::exchange(held_answers_, {})) {
    finish(held.sn, std::move(held.pending), std::move(held.reply));
  }
  release_credit();
}

void Shard::consume_credit(const ClientPtr& client, std::size_t bytes) {
  if (platform_.journal != nullptr && platform_.journal->behind()) {
    return held_credit_.push_back({.client = client, .bytes = bytes});
  }
  if (client->flow() && client->flow()->wrote_too_much(platform_.steady->now())) {
    return held_writers_.push_back({.client = client, .bytes = bytes});
  }
  if (client->consume_credit(bytes)) client->loop().post([client] { client->resume_reading(); });
}

void Shard::release_credit() {
  if (held_credit_.empty() || platform_.journal->behind()) return;
  for (const HeldCredit& held : std::exchange(held_credit_, {}))
    consume_credit(held.client, held.bytes);
}

void Shard::release_writers() {
  for (const HeldCredit& held : std::exchange(held_writers_, {}))
    consume_credit(held.client, held.bytes);
}

}  // namespace gridloom::hub
