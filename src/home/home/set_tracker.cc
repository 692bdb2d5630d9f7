#include "home/set_tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/digest.h"
#include "catalog/effects.h"
#include "history/energy/energy_sources.h"

namespace gridloom::home {
namespace {

std::vector<ShownField> fields_of(const catalog::CheckedSet& set) {
  std::vector<ShownField> fields;
  for (catalog::FieldEffect& effect : catalog::effects_of(*set.command, set.params)) {
    fields.push_back({.name = std::move(effect.field),
                      .path = std::move(effect.path),
                      .asked = std::move(effect.value),
                      .within = effect.within});
  }
  return fields;
}

}  // namespace

ExplainedSet explain_set(const catalog::Catalog& catalog, std::string_view sn,
                         const wire::JsonObject& message) {
  ExplainedSet explained{.family = catalog.of_serial(sn)};
  const auto checked = catalog::check_set(*explained.family, message);
  if (!checked || checked->command == nullptr) return explained;
  explained.command = checked->command;
  explained.fields = fields_of(*checked);
  return explained;
}

std::string ExplainedSet::refusal_in(std::string_view reply, const wire::JsonLimits& limits) const {
  const auto json = wire::parse_json(reply, limits);
  if (!json || command == nullptr) return {};
  return catalog::refusal_in(*family, *command, *json).value_or(std::string());
}

namespace {

constexpr std::size_t kIdBytes = 8;  // of an id that is made here
constexpr std::size_t kListed = 50;

std::unexpected<Error> unknown(const SetId& id) {
  return fail(
      ErrorCode::kNotFound,
      fmt::format("no command {} to {} is known: those of the last hour are", id.id, id.sn));
}

}  // namespace

class SetTracker::Reader final : public hub::ChangeReader {
 public:
  explicit Reader(SetTracker& tracker) : tracker_(tracker) {}
  void on_changes(hub::ChangeBatch batch) override { tracker_.on_changes(batch); }

 private:
  SetTracker& tracker_;
};

SetTracker::SetTracker(const Options& options)
    : options_(options), remote_(*options.hub), book_(options.limits) {
  options_.hub->calls().answer_by(
      std::string(RemoteSets::kService),
      [this](AccountId account, const std::string& text, Callback<Result<std::string>> done) {
        answer(account, text, std::move(done));
      });
}

SetTracker::~SetTracker() {
  options_.hub->calls().answer_by(std::string(RemoteSets::kService), {});
}

SetRecovery SetTracker::recovery() const {
  return {unix_ms(now().devices - options_.limits.kept), options_.limits.all};
}

void SetTracker::restore(std::vector<RecoveredSet> sets) {
  const hub::Platform& platform = options_.hub->platform();
  std::vector<std::string> devices;
  {
    const std::lock_guard lock(mutex_);
    for (RecoveredSet& set : sets) {
      const SetId id = set.record.id;
      const ExplainedSet explained = explain_set(*platform.catalog, id.sn, set.message);
      set.record.fields = explained.fields;
      SetBook::Outcome outcome{.reply = std::move(set.outcome)};
      if (outcome.reply) {
        outcome.refusal = explained.refusal_in(*outcome.reply, platform.config.json);
      }
      book_.restore(std::move(set.record), std::move(outcome), TimePoint(Millis(set.ended_ms)),
                    now());
      if (!book_.watches(id.sn)) continue;
      watch(id);
      devices.push_back(id.sn);
    }
    settle();
  }
  for (const std::string& sn : devices) read(sn);
}

// --- whichever server is asked

void SetTracker::answer(AccountId account, const std::string& text,
                        Callback<Result<std::string>> done) {
  auto call = set_call_in(account, text);
  if (!call) return done(std::unexpected(call.error()));
  if (call->kind == SetCall::Kind::kList) return done(text_of(list_here(account, call->id.sn)));
  hub::ReplyTo<SetRecord> one{
      .loop = options_.loop,
      .done = [done = std::move(done)](const Result<SetRecord>& record) mutable {
        if (!record) return done(std::unexpected(record.error()));
        done(text_of(std::span(&*record, 1)));
      }};
  if (call->kind == SetCall::Kind::kGet) return get_here(call->id, call->wait, std::move(one));
  send_here({.id = std::move(call->id),
             .message = std::move(call->message),
             .origin = std::move(call->origin)},
            std::move(one));
}

void SetTracker::send(Asked asked, hub::ReplyTo<SetRecord> reply_to) {
  if (asked.id.id.empty()) asked.id.id = random_hex(kIdBytes);
  if (remote_.is_here(asked.id)) return send_here(std::move(asked), std::move(reply_to));
  remote_.send({.kind = SetCall::Kind::kSend,
                .id = std::move(asked.id),
                .message = std::move(asked.message),
                .origin = std::move(asked.origin)},
               std::move(reply_to));
}

void SetTracker::get(const SetId& id, Millis wait, hub::ReplyTo<SetRecord> reply_to) {
  if (remote_.is_here(id)) return get_here(id, wait, std::move(reply_to));
  std::optional<PerKeyLimit::Permit> permit;
  if (wait > Millis(0)) {
    permit = waits_.take(fmt::to_string(std::to_underlying(id.account)), kMaxWaits);
  }
  if (!permit) return remote_.get(id, std::move(reply_to));
  remote_.get(id, wait, std::move(*permit), std::move(reply_to));
}

void SetTracker::list(AccountId account, const std::string& sn,
                      hub::ReplyTo<std::vector<SetRecord>> reply_to) {
  SetId id{.account = account, .sn = sn, .id = {}};
  if (!remote_.is_here(id)) return remote_.list(std::move(id), std::move(reply_to));
  hub::answer<std::vector<SetRecord>>(std::move(reply_to), list_here(account, sn));
}

// --- at the server that has the device

SetBook::Now SetTracker::now() const {
  const hub::Platform& platform = options_.hub->platform();
  return {.steady = platform.steady->now(), .devices = platform.clock.now()};
}

void SetTracker::send_here(Asked asked, hub::ReplyTo<SetRecord> reply_to) {
  const std::string digest = sha256_of(wire::to_text(asked.message));
  const SetId id = asked.id;
  const hub::Platform& platform = options_.hub->platform();
  ExplainedSet explained = explain_set(*platform.catalog, id.sn, asked.message);
  const bool is_shown = !explained.fields.empty();
  {
    const std::lock_guard lock(mutex_);
    if (const SetRecord* known = book_.find(id)) {
      if (known->digest != digest) {
        return hub::answer<SetRecord>(
            std::move(reply_to),
            fail(ErrorCode::kConflict,
                 fmt::format("the id {} is that of another command to {}: a new command needs a "
                             "new id",
                             id.id, id.sn)));
      }
      return hub::answer<SetRecord>(std::move(reply_to), SetRecord(*known));
    }
    book_.add({.id = id, .by = asked.origin.by, .digest = digest, .fields = explained.fields},
              now());
    if (is_shown) watch(id);
    waiting_.emplace(id, Waiting{.until = Until::kOutcome,
                                 .latest = TimePoint::max(),
                                 .reply_to = std::move(reply_to)});
    settle();
  }
  asked.origin.command = id.id;
  asked.origin.digest = digest;
  // In the turns of one account the values are read before the set is sent.
  if (is_shown) read(id.sn);
  options_.hub->set(
      id.account, id.sn, std::move(asked.message),
      {.loop = options_.loop,
       .done =
           [this, id, explained = std::move(explained)](Result<hub::DeviceAnswer> answer) {
             take_outcome(id, explained, std::move(answer));
           }},
      std::move(asked.origin));
}

void SetTracker::take_outcome(const SetId& id, const ExplainedSet& explained,
                              Result<hub::DeviceAnswer> answer) {
  SetBook::Outcome outcome{.reply = SharedText(),
                           .is_online = options_.hub->online(id.account, id.sn)};
  if (!answer) {
    outcome.reply = std::unexpected(std::move(answer.error()));
  } else {
    outcome.reply = std::move(answer->text);
    outcome.refusal = explained.refusal_in(*outcome.reply, options_.hub->platform().config.json);
  }
  const std::lock_guard lock(mutex_);
  book_.end(id, std::move(outcome), now());
  settle();
}

void SetTracker::get_here(const SetId& id, Millis wait, hub::ReplyTo<SetRecord> reply_to) {
  const std::lock_guard lock(mutex_);
  const SetRecord* record = book_.find(id);
  if (record == nullptr) {
    return hub::answer<SetRecord>(std::move(reply_to), unknown(id));
  }
  if (record->is_final() || wait <= Millis(0)) {
    return hub::answer<SetRecord>(std::move(reply_to), SetRecord(*record));
  }
  // A client that goes away leaves its request waiting.
  auto permit = waits_.take(fmt::to_string(std::to_underlying(id.account)), kMaxWaits);
  if (!permit) return hub::answer<SetRecord>(std::move(reply_to), SetRecord(*record));
  waiting_.emplace(id, Waiting{.until = Until::kFinal,
                               .latest = now().steady + wait,
                               .reply_to = std::move(reply_to),
                               .permit = std::move(*permit)});
}

std::vector<SetRecord> SetTracker::list_here(AccountId account, std::string_view sn) const {
  const std::lock_guard lock(mutex_);
  std::vector<SetRecord> records = book_.list(account, sn);
  if (records.size() > kListed) records.resize(kListed);
  return records;
}

void SetTracker::watch(const SetId& id) {
  if (!reader_) {
    reader_ = std::make_shared<Reader>(*this);
    subscription_ = options_.hub->changes().subscribe(
        {.reader = reader_,
         .loop = options_.loop,
         .scope = hub::ChangeReaderOptions::Scope::kDevices,
         .detail = hub::ChangeReaderOptions::Detail::kDevicesOnly});
  }
  // The rights of the account that asked last were checked last; those of another may have ended.
  if (watched_.insert_or_assign(id.sn, id.account).second) subscription_.add(id.sn);
}

void SetTracker::on_changes(const hub::ChangeBatch& batch) {
  std::vector<std::string> devices;
  {
    const std::lock_guard lock(mutex_);
    if (batch.is_lost) {
      devices = book_.watched_devices();
    } else {
      for (const hub::DeviceChanges& each : batch.devices) {
        if (book_.watches(each.sn)) devices.push_back(each.sn);
      }
    }
  }
  for (const std::string& sn : devices) read(sn);
}

void SetTracker::read(const std::string& sn) {
  AccountId account{};
  {
    const std::lock_guard lock(mutex_);
    const auto watched = watched_.find(sn);
    if (watched == watched_.end()) return;
    account = watched->second;
    const auto [reading, is_first] = reading_.try_emplace(sn, false);
    reading->second = !is_first;
    if (!is_first) return;
  }
  options_.hub->read_twins(
      account, {sn},
      {.loop = options_.loop,
       .done = [this, sn, account](const Result<std::vector<hub::TwinSnapshot>>& twins) {
         take_twin(sn, account, twins && !twins->empty() ? &twins->front() : nullptr);
       }});
}

void SetTracker::take_twin(const std::string& sn, AccountId account,
                           const hub::TwinSnapshot* twin) {
  std::unordered_map<std::string_view, std::string_view> values;
  if (twin != nullptr) {
    twin->values.for_each([&](std::size_t slot, std::string_view text) {
      values.emplace(twin->name_of(slot), text);
    });
  }
  const auto values_of = [&](std::string_view field) {
    std::vector<SetBook::Reported> reported;
    const auto add = [&reported](std::string_view name, std::string_view text) {
      auto parsed = wire::parse_json(text, {.bytes = text.size(), .keys = text.size()});
      if (!parsed) return;
      reported.push_back({.name = std::string(name), .value = std::move(*parsed)});
    };
    if (!field.contains('*')) {
      const auto found = values.find(field);
      if (found != values.end()) add(field, found->second);
      return reported;
    }
    for (const auto& [name, text] : values) {
      if (history::matches(field, name)) add(name, text);
    }
    std::ranges::sort(reported, {}, &SetBook::Reported::name);
    return reported;
  };
  bool reads_again = false;
  {
    const std::lock_guard lock(mutex_);
    // Meanwhile another account may have asked, which reads again.
    const auto watched = watched_.find(sn);
    if (watched != watched_.end() && watched->second == account) {
      book_.read_back(sn, values_of, now());
    }
    const auto reading = reading_.find(sn);
    reads_again = reading->second;
    reading_.erase(reading);
    settle();
  }
  if (reads_again) read(sn);
}

void SetTracker::settle() {
  const TimePoint steady = now().steady;
  for (const SetId& id : book_.take_changed()) answer_waiting(id, steady);
  std::erase_if(watched_, [this](const auto& each) {
    if (book_.watches(each.first)) return false;
    subscription_.remove(each.first);
    return true;
  });
}

void SetTracker::answer_waiting(const SetId& id, TimePoint steady) {
  const SetRecord* record = book_.find(id);
  auto [at, end] = waiting_.equal_range(id);
  while (at != end) {
    Waiting& waiting = at->second;
    if (record != nullptr) {
      if (record->is_final() && waiting.until == Until::kOutcome) {
        waiting.latest = std::min(waiting.latest, steady + kReplyGrace);
      }
      const bool is_there =
          waiting.until == Until::kFinal ? record->is_final() : record->has_outcome();
      if (!is_there && steady < waiting.latest) {
        ++at;
        continue;
      }
    }
    hub::answer<SetRecord>(std::move(waiting.reply_to), record == nullptr
                                                            ? Result<SetRecord>(unknown(id))
                                                            : Result<SetRecord>(*record));
    at = waiting_.erase(at);
  }
}

void SetTracker::tick() {
  const std::lock_guard lock(mutex_);
  book_.tick(now());
  settle();
  const TimePoint steady = now().steady;
  std::vector<SetId> waiting;
  for (const auto& [id, each] : waiting_) {
    if (waiting.empty() || waiting.back() != id) waiting.push_back(id);
  }
  for (const SetId& id : waiting) answer_waiting(id, steady);
}

}  // namespace gridloom::home
