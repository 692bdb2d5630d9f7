// A node as a member of its cluster: says that it is there, and claims, opens, closes and releases
// slots (ownership/beats.h, ownership/claims.h, ownership/ownership.h), on a thread of its own.
// Calls of the claims, which block, are made on a second one, so that a database that hangs stops
// no beat.
//
// Thread rule: any function from any thread, except stop(): one thread, none of the member's own.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ownership/beats.h"
#include "ownership/bus.h"
#include "ownership/claims.h"
#include "ownership/claims_caller.h"
#include "ownership/effects.h"
#include "ownership/node_id.h"
#include "ownership/ownership.h"

namespace gridloom::cluster {

// Where a slot is, as far as this node knows.
struct SlotOwner {
  std::optional<NodeId> node{};
  Revision revision = 0;
  bool is_served = false;  // its owner says that it has opened it, and has not closed it

  bool operator==(const SlotOwner&) const = default;
};

// Runs the slots of this node. Its functions are called on the member's thread, and must not block.
class SlotHost {
 public:
  SlotHost() = default;
  SlotHost(const SlotHost&) = delete;
  SlotHost& operator=(const SlotHost&) = delete;
  virtual ~SlotHost() = default;

  struct Opening {
    Slot slot{};
    Revision revision = 0;
    std::int64_t position = 0;
  };
  // `found`: the revision of a later owner that the slot's log has; 0: none was found.
  using Opened = std::move_only_function<void(const Status& outcome, Revision found)>;
  using Closed = std::move_only_function<void()>;

  // Brings the slot to where it can be served; `opened` may be called from any thread, also after
  // the member has ended. A slot is opened once under a revision, and never while it is open.
  virtual void open(const Opening& opening, Opened opened) = 0;
  // From now on nothing of the slot may be acknowledged or written. May come before an open() has
  // ended, which is given up then.
  virtual void close(Slot slot, Revision revision, CloseReason reason, Closed closed) = 0;
  // Member::owners() or Member::present() has news.
  virtual void owners_changed() = 0;
  // This node gives way to another of its name, and is to end: kConflict, which names both.
  virtual void refused(const Error& why) = 0;
};

class Member {
 public:
  static constexpr Millis kTick{50};

  struct Parts {  // which outlive the member
    Bus& bus;
    Claims& claims;
    SlotHost& host;
    const Clock& steady;  // base/clock.h's SteadyClock
  };
  struct Options {
    NodeId node{};  // with random_incarnation()
    std::string version{};
    std::string address{};  // for people: where its doors are
    std::string prefix = "gl";
    std::size_t slots = kDefaultSlots;
    Millis lease = kLease;
    Millis trust{2'000};
    Millis beat{250};
  };
  // Makes the cluster if there is none, and begins. Fails as Claims::join() and Beats::start().
  [[nodiscard]] static Result<std::unique_ptr<Member>> start(const Parts& parts,
                                                             const Options& options);
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  // Ends at once, as a kill does: others get the slots after a lease. The host's slots stay open.
  ~Member();

  // Gives all slots up, so that others claim them at once. False: not all of it was done in time.
  [[nodiscard]] bool stop(Millis at_most);

  // The revision under which this node may acknowledge for the slot at this moment, or nothing.
  // Does not wait. Acknowledgements and writes are fenced besides.
  [[nodiscard]] std::optional<Revision> acknowledges(Slot slot) const;  // tidy: allowed, for tests
  // A write for the slot under that revision was refused, as another node has it.
  void note_fenced(Slot slot, Revision revision);

  // By slot; nothing is known before the claims were read.
  [[nodiscard]] std::vector<SlotOwner> owners() const;
  // The other nodes that were heard within the lease, in the order of NodeId.
  [[nodiscard]] std::vector<NodeId> present() const;
  struct Health {
    ClusterFacts facts{};
    Phase phase = Phase::kJoining;
    bool trusts_itself = false;
    std::vector<SeenNode> others{};  // those that were heard in the last minute
    ClaimsCaller::Away claims{};
    std::uint64_t unsent_beats = 0;
    std::optional<Error> refusal{};
  };
  [[nodiscard]] Health health();

 private:
  // The events for the thread. Callbacks of the host share it, and may outlive the member.
  class Inbox;

  Member(const Parts& parts, const Options& options, ClusterFacts facts);

  void run(const std::stop_token& stop);
  void turn();
  void publish(const Sight& sight);
  void report(const Sight& sight);
  void act(const Open& what);
  void act(const Close& what);
  void act(const Announce& what);

  const Parts parts_;
  const Options options_;
  const ClusterFacts facts_;
  Beats beats_;
  const std::shared_ptr<Inbox> inbox_;

  // The thread's own.
  Ownership ownership_;
  Beats::Said said_;
  bool is_refused_ = false;

  std::atomic<TimePoint> era_{TimePoint{}};
  std::array<std::atomic<Revision>, kMostSlots> serving_{};  // 0: it does not

  mutable std::mutex mutex_;  // guards the next three members
  std::vector<SlotOwner> owners_;
  std::vector<NodeId> present_;
  Phase phase_ = Phase::kJoining;

  ClaimsCaller claims_;
  std::jthread thread_;
};

}  // namespace gridloom::cluster
