// The effects that decisions about slots ask for, and their results (ownership/ownership.h).
//
// Thread rules: none, all of this are values.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "ownership/beats.h"
#include "ownership/claims.h"
#include "ownership/node_id.h"

namespace gridloom::cluster {

enum class CloseReason : std::uint8_t {
  kNotTrusted,  // this node cannot tell whether others think that it is gone
  kOvertaken,   // another node has the slot, or had it meanwhile
  kHandOver,    // another node has too few slots
  kDraining,
};
[[nodiscard]] std::string_view name_of(CloseReason reason);

// Effects. Those that go to the claims are carried out in the order in which they were asked for.

// Ends with ClaimsRead or ClaimsUnreadable.
struct ReadClaims {};
// Ends with Claimed or ClaimFailed.
struct Claim {
  Slot slot{};
  Revision seen = 0;
  Revision above = 0;
};
// Ends with kOpened or kOpenFailed, or with a Close before that.
struct Open {
  Slot slot{};
  Revision revision = 0;
  std::int64_t position = 0;  // as the row had it when the slot was claimed
};
// Answer for the slot no more, at once, and write nothing more. Ends with kClosed.
struct Close {
  Slot slot{};
  Revision revision = 0;
  CloseReason reason{};
};
// Ends with kReleased or kReleaseFailed.
struct Release {
  Slot slot{};
  Revision revision = 0;
};
// To be said in a beat, now and from now on.
struct Announce {
  Beats::Said said{};
};
using Effect = std::variant<ReadClaims, Claim, Open, Close, Release, Announce>;

// Events.

struct ClaimsRead {
  std::vector<SlotRow> rows{};
};
struct ClaimsUnreadable {};
struct Claimed {
  SlotRow row{};
};
struct ClaimFailed {
  enum class Why : std::uint8_t {
    kRefused,  // the row was not as expected
    kUnknown,  // it may have been carried out
  };
  Slot slot{};
  Why why{};
};
struct SlotEvent {
  enum class What : std::uint8_t {
    kOpened,
    kOpenFailed,
    kClosed,
    kReleased,
    kReleaseFailed,  // it may have been carried out
    kFenced,         // a store or the log refused what was written under the revision
  };
  What what{};
  Slot slot{};
  Revision revision = 0;
  Revision found = 0;  // of kOpenFailed: the revision of a later owner that the log has; 0: none
};
using Event = std::variant<ClaimsRead, ClaimsUnreadable, Claimed, ClaimFailed, SlotEvent>;

}  // namespace gridloom::cluster
