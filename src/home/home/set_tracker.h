// Sends sets for accounts, each under an id, and knows what became of them (home/set_book.h): a
// device that answers may not have done what was asked, and one that does not may have. A set whose
// id is known is not sent again.
//
// The server that has the device knows its sets, those of an earlier run or of the owner before
// from the log (home/set_recovery.h). A server that is asked for another one's device calls that
// one (hub/platform/requests.h), and keeps nothing.
//
// The fields that show a set are those of its device file (catalog/effects.h). They are read again
// whenever the feed of changes has news of the device, and nobody polls.
//
// Thread rule: any thread, unless a comment says otherwise; it is made and destroyed while no loop
// turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/per_key_limit.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/string_map.h"
#include "catalog/family.h"
#include "home/remote_sets.h"
#include "home/set_book.h"
#include "home/set_recovery.h"
#include "hub/feed/change_feed.h"
#include "hub/feed/twin_snapshot.h"
#include "hub/hub.h"
#include "hub/platform/pending_replies.h"
#include "hub/platform/requests.h"
#include "wire/json.h"

namespace gridloom::home {

// A set as its device file explains it: which command it is, and which fields show it.
struct ExplainedSet {
  catalog::FamilyPtr family;
  const catalog::Command* command = nullptr;  // null: the file does not know it
  std::vector<ShownField> fields{};

  // The device's objection to the set in its reply; empty: none.
  [[nodiscard]] std::string refusal_in(std::string_view reply,
                                       const wire::JsonLimits& limits) const;
};
[[nodiscard]] ExplainedSet explain_set(const catalog::Catalog& catalog, std::string_view sn,
                                       const wire::JsonObject& message);

class SetTracker {
 public:
  // How long the reply to a set is awaited once the device's fields show it.
  static constexpr Millis kReplyGrace{2'000};
  // Requests of an account that wait for a state to be final; further ones are answered at once.
  static constexpr std::size_t kMaxWaits = 64;

  struct Options {
    hub::Hub* hub = nullptr;
    Loop* loop = nullptr;  // outcomes and changes are taken on it
    SetBook::Limits limits{};
  };
  explicit SetTracker(const Options& options);
  SetTracker(const SetTracker&) = delete;
  SetTracker& operator=(const SetTracker&) = delete;
  ~SetTracker();

  // Takes over what the log has of earlier sets. Before the loops turn.
  void restore(std::vector<RecoveredSet> sets);
  // From when on these are wanted, by the devices' clock.
  [[nodiscard]] SetRecovery recovery() const;

  struct Asked {
    SetId id;  // an empty text: it gets an id
    wire::JsonObject message;
    hub::RequestOrigin origin{};
  };
  // Sends the set, and answers once its outcome is known, or soon after the device's fields show
  // it. A set whose id is known is answered at once as it is now. kConflict: it has another
  // message. kNoAnswer: the server that has the device is away; whether it has sent the set is
  // known by the same id once it is back. Whether the account may set the device is for the caller
  // to see to.
  void send(Asked asked, hub::ReplyTo<SetRecord> reply_to);
  // Answers at once, or waits so long for the state to be final, if not kMaxWaits of the account do
  // so already. kNotFound: the id is not known. kNoAnswer as above.
  void get(const SetId& id, Millis wait, hub::ReplyTo<SetRecord> reply_to);
  // The account's last 50 sets of the device, the newest first. kNoAnswer as above.
  void list(AccountId account, const std::string& sn,
            hub::ReplyTo<std::vector<SetRecord>> reply_to);
  // It belongs to this run of the server, which the sets that it knows outlive.
  [[nodiscard]] const std::string& epoch() const { return epoch_; }

  // To be called a few times a second.
  void tick();

 private:
  class Reader;
  // Answers a call of another server.
  void answer(AccountId account, const std::string& text, Callback<Result<std::string>> done);
  void send_here(Asked asked, hub::ReplyTo<SetRecord> reply_to);
  void get_here(const SetId& id, Millis wait, hub::ReplyTo<SetRecord> reply_to);
  [[nodiscard]] std::vector<SetRecord> list_here(AccountId account, std::string_view sn) const;

  enum class Until : std::uint8_t { kOutcome, kFinal };
  struct Waiting {
    Until until{};
    TimePoint latest;  // by the steady clock
    hub::ReplyTo<SetRecord> reply_to;
    PerKeyLimit::Permit permit{};  // of kMaxWaits
  };
  [[nodiscard]] SetBook::Now now() const;
  void take_outcome(const SetId& id, const ExplainedSet& explained,
                    Result<hub::DeviceAnswer> answer);
  void on_changes(const hub::ChangeBatch& batch);
  // Reads the device's values, if somebody waits for them.
  void read(const std::string& sn);
  // `twin`, read for the account; null: it may not read it, or the device has not reported.
  void take_twin(const std::string& sn, AccountId account, const hub::TwinSnapshot* twin);
  // The functions below require that mutex_ is held.
  void watch(const SetId& id);
  // Answers those who wait for sets that changed, and unsubscribes from devices.
  void settle();
  void answer_waiting(const SetId& id, TimePoint steady);

  const Options options_;
  RemoteSets remote_;
  const std::string epoch_ = random_hex(8);
  std::shared_ptr<Reader> reader_;
  mutable std::mutex mutex_;  // guards the members below
  hub::ChangeSubscription subscription_;
  SetBook book_;
  StringMap<AccountId> watched_;  // devices of the subscription, and who asked last: reads them
  StringMap<bool> reading_;       // devices that are being read; true: they are to be read again
  PerKeyLimit waits_;             // by account
  std::multimap<SetId, Waiting> waiting_;
};

}  // namespace gridloom::home
