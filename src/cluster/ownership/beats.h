// Says on the bus that this node is there, and notes which others are.
//
// A node trusts itself only while its own beats come back from the bus, because then the others get
// them too: for 2 s from when the last of them that came back was *sent*. Others wait for 3 s from
// when they *heard* the last one before they claim what the node owns. So a node that is cut off,
// or was stopped and wakes up, has stopped by then, and beats that waited somewhere prove nothing.
// These times decide only how soon somebody else tries; safety is the revisions'
// (ownership/claims.h).
//
// Two nodes with one name: each says in its beats which other incarnation it hears. A node that is
// notified of that by the other, which is alive then, compares: a node that joins gives way to one
// that serves, and of two alike that with the higher incarnation. It sends no more beats and has a
// refusal().
//
// Thread rule: tick() one thread; the others any thread. The clock is a SteadyClock, which runs on
// while the machine sleeps; bus and clock outlive this.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ownership/beat.h"
#include "ownership/bus.h"
#include "ownership/node_id.h"

namespace gridloom::cluster {

// Another node, as its last beat described it.
struct SeenNode {
  NodeId id{};
  std::string version{};
  std::string address{};
  Phase phase = Phase::kJoining;
  bool takes_slots = false;
  std::uint64_t changes = 0;
  std::vector<ServedSlot> served{};
  TimePoint heard{};
  // The last beat that was not of a joining node: only then it holds what it owns.
  std::optional<TimePoint> held{};
};

// All that Beats knows at a moment, by its clock.
struct Sight {
  // Since when own beats have come back without a gap. Nothing: this node does not trust itself.
  std::optional<TimePoint> trusted_since{};
  // Since when nothing that others said can have been missed: trusted_since, or the bus was
  // connected anew after that. Silence from before proves nothing.
  TimePoint listening_since{};
  bool is_refused = false;
  std::vector<SeenNode> others{};  // by id
};

class Beats {
 public:
  static constexpr Millis kForgetAfter{60'000};
  static constexpr std::size_t kMostNodes = 256;

  struct Options {
    NodeId node{};
    std::string version{};
    std::string address{};
    std::string prefix = "gl";  // of subjects
    Millis beat{250};
    Millis trust{2'000};
  };
  struct Said {
    Phase phase = Phase::kJoining;
    bool takes_slots = false;
    // Counts the node's changes of rows: others read the claims when it has another value.
    std::uint64_t changes = 0;
    std::vector<ServedSlot> served{};

    bool operator==(const Said&) const = default;
  };

  Beats(Bus& bus, const Clock& steady, Options options);

  // Begins to listen. kBadParams: the name; kIo: the bus.
  [[nodiscard]] Status start();
  // Sends a beat if one is due, and at once if `said` is news.
  void tick(const Said& said);

  // As in Sight; does not wait.
  [[nodiscard]] std::optional<TimePoint> trusted_since() const;
  [[nodiscard]] Sight sight();
  // kConflict: another node has the name; the message names both. It stays.
  [[nodiscard]] std::optional<Error> refusal() const;
  // Times that a beat could not be sent, because the bus was away.
  [[nodiscard]] std::uint64_t unsent() const { return unsent_; }

 private:
  void on_beat(std::string_view bytes);
  void on_own(const Beat& beat, TimePoint now);
  void on_rival(const Beat& beat, TimePoint now);
  void note(Beat beat, TimePoint now);
  [[nodiscard]] bool gives_way_to(const Beat& rival) const;

  Bus& bus_;
  const Clock& clock_;
  const Options options_;
  std::atomic<TimePoint> trusted_until_{TimePoint{}};
  std::atomic<TimePoint> trusted_since_{TimePoint{}};
  std::atomic<std::uint64_t> unsent_{0};

  mutable std::mutex mutex_;      // guards the members up to the subscription
  std::vector<SeenNode> others_;  // by id
  std::int64_t rival_ = 0;
  TimePoint rival_heard_ = TimePoint{};
  std::optional<Error> refusal_;
  std::optional<Said> said_;
  TimePoint next_beat_ = TimePoint{};
  std::uint64_t connections_ = 0;
  TimePoint connected_ = TimePoint{};

  std::unique_ptr<Bus::Subscription> subscription_;
};

}  // namespace gridloom::cluster
