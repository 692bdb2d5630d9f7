// A beat: what a node says of itself, four times a second, and its bytes
// (docs/internals/formats.md, "Beats").
//
// Thread rules: none, all of this are values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ownership/node_id.h"

namespace gridloom::cluster {

// Its numbers stand in bytes.
enum class Phase : std::uint8_t {
  kJoining = 0,   // looks who is there; answers for no slot
  kServing = 1,   // may own slots
  kDraining = 2,  // gives its slots up, to end
};
[[nodiscard]] std::string_view name_of(Phase phase);

struct ServedSlot {
  Slot slot{};
  Revision revision = 0;

  bool operator==(const ServedSlot&) const = default;
};

struct Beat {
  NodeId node{};
  std::string version{};  // of the program
  std::string address{};  // for people: where its doors are
  // Another incarnation of this node's name that is there as well; 0: none.
  std::int64_t rival = 0;
  // By the sender's own clock: only the sender can tell what it means.
  std::int64_t sent_ms = 0;
  Phase phase = Phase::kJoining;
  bool takes_slots = false;   // serves, and can claim and open
  std::uint64_t changes = 0;  // counts its changes of the claims' rows
  std::vector<ServedSlot> served{};

  bool operator==(const Beat&) const = default;
};

inline constexpr std::size_t kLongestBeatText = 200;  // bytes of its version, and of its address

// Longer texts are cut.
[[nodiscard]] std::string bytes_of(const Beat& beat);
// Nothing: they are not a beat, or one of a form that this program does not know. Bytes behind what
// this program knows are left alone: a later one may have added them.
[[nodiscard]] std::optional<Beat> beat_in(std::string_view bytes);

}  // namespace gridloom::cluster
