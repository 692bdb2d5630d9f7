// Keeps what became of the sets that were asked for under an id: by whom, when, whether the device
// answered, and whether its fields show now what was asked for. Without loops, threads and hub.
//
// A set is kept for an hour, so many of an account and so many of all: the oldest makes room. The
// field that shows a set is read back for kReadBack after the outcome; what it says is final then.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/shared_text.h"
#include "base/string_map.h"
#include "wire/json.h"

namespace gridloom::home {

enum class SetState : std::uint8_t {
  kSent,        // on its way; the device has not answered
  kAnswered,    // it has, and its fields do not show the set, yet or at all
  kApplied,     // its fields show the set; perhaps it did not answer
  kNotApplied,  // it has answered, and its fields show something else
  kRefused,     // by the server, which did not send it, or by the device
  kUnanswered,  // it may still be carried out
  kOffline      // not sent, because the device is not connected
};
// "sent", "answered", "applied", "not_applied", "refused", "unanswered", "offline"
[[nodiscard]] std::string_view name_of(SetState state);

// A field that shows a set, or a place inside of one.
struct ShownField {
  std::string name;    // of the quota; '*' until the device has said which modules it has
  std::string path{};  // inside of it, as of catalog::value_inside()
  std::optional<wire::Json> asked{};  // nothing: the set is shown by another value than before
  std::optional<wire::Json> is{};     // nothing: the device has not reported it
  bool was_other = true;              // before the set was sent
  double within = 0;                  // greatest difference by which the field still shows it
  std::optional<wire::Json> before{};
};

// Ids are of an account and a device.
struct SetId {
  AccountId account{};
  std::string sn;
  std::string id;
  auto operator<=>(const SetId&) const = default;
};

struct SetRecord {
  SetId id;
  std::string by{};                           // as hub::RequestOrigin::by
  std::string digest{};                       // sha256_of() the message
  std::int64_t sent_ms{};                     // by the devices' clock, as the next ones
  std::optional<std::int64_t> answered_ms{};  // when the reply came, or the lack of one was certain
  std::optional<std::int64_t> decided_ms{};   // when the state became final; nothing: it is not
  SetState state = SetState::kSent;
  std::optional<Error> error{};  // of the server
  std::string refusal{};         // of the device: why
  SharedText reply{};            // of the device; empty: none, or it is too long to keep
  std::vector<ShownField> fields{};

  [[nodiscard]] bool is_final() const { return decided_ms.has_value(); }
  [[nodiscard]] bool has_outcome() const { return answered_ms.has_value(); }
};

class SetBook {
 public:
  struct Limits {
    std::size_t of_account = 256;
    std::size_t all = 16'384;
    std::size_t reply_bytes = 16'384;  // of one reply
    Millis kept{60 * 60 * 1000};
  };
  // How long after the outcome the fields are read back.
  static constexpr Millis kReadBack{10'000};

  SetBook() = default;
  explicit SetBook(Limits limits) : limits_(limits) {}

  struct Now {
    TimePoint steady;
    TimePoint devices;
  };
  // Nullptr: unknown, or no longer kept. Valid until the next call of a function that is not const.
  [[nodiscard]] const SetRecord* find(const SetId& id) const;
  // The account's sets of the device, the newest first.
  [[nodiscard]] std::vector<SetRecord> list(AccountId account, std::string_view sn) const;
  // The id must be new. `fields` need not have values.
  void add(SetRecord record, const Now& now);
  // The outcome of a set: the device's reply, or why there is none. `refusal` is what the reply
  // says against the set (catalog::refusal_in()).
  struct Outcome {
    Result<SharedText> reply;
    std::string refusal{};
    bool is_online = true;  // the device, now
  };
  void end(const SetId& id, Outcome outcome, const Now& now);
  // A set of before this book, with its outcome and the time of that by the devices' clock. The
  // present values of its fields are read back, but that they differ says nothing of the set by
  // now. Call for the oldest first.
  void restore(SetRecord record, Outcome outcome, TimePoint ended, const Now& now);
  // Takes what the device reports now. `values_of` answers what it has reported of a field: one
  // value, or nothing; of a name with '*' one for each module.
  struct Reported {
    std::string name;
    wire::Json value;
  };
  using ValuesOf = std::function<std::vector<Reported>(std::string_view field)>;
  void read_back(std::string_view sn, const ValuesOf& values_of, const Now& now);
  // Ends what has lasted long enough. To be called a few times a second.
  void tick(const Now& now);

  // The sets of which something changed since the last call.
  [[nodiscard]] std::vector<SetId> take_changed() { return std::exchange(changed_, {}); }
  // Whether fields of the device are to be read back.
  [[nodiscard]] bool watches(std::string_view sn) const { return open_.contains(sn); }
  [[nodiscard]] std::vector<std::string> watched_devices() const;
  [[nodiscard]] std::size_t size() const { return kept_.size(); }

 private:
  struct Kept {
    SetRecord record;
    TimePoint asked;                        // by the steady clock, as the next one
    std::optional<TimePoint> read_until{};  // nothing: the outcome is awaited
    bool was_read = false;
    bool is_restored = false;
  };
  using Order = std::list<Kept>;  // the oldest first
  using Places = std::list<Order::iterator>;
  // Takes the set from those whose fields are read back.
  void close(Order::iterator at, const Now& now);
  // Whether the fields show the set now.
  [[nodiscard]] static bool is_shown(const Kept& kept);
  void remove(Order::iterator at);
  void remove_old(TimePoint steady);

  Limits limits_;
  Order kept_;
  std::map<SetId, Order::iterator> places_;
  std::map<AccountId, Places> by_account_;  // the oldest first; none is empty
  StringMap<Places> open_;                  // by serial number; none is empty
  std::vector<SetId> changed_;
};

}  // namespace gridloom::home
