// The log of a slot: a journal whose records are in a stream of NATS JetStream, so that they
// outlive the machine of the node that appended them. Only the slot's owner has one open.
//
// Promises:
//  - A record whose `durable` was called is in the stream, in the memory of a majority of its
//    replicas at least, once, in the order of the calls of append(). With Options::copy it is on
//    this node's disk as well, and so is what was before it and is not stored yet.
//  - Once a later owner has appended anything, no record of this one becomes durable any more, and
//    what became durable before, the later owner reads. on_fenced is called then, once.
//  - Records have consecutive numbers, which outlive the stream: they continue behind
//    Options::known where a stream was lost and made anew.
//  - While NATS is away, records wait and are sent again, behind() applies backpressure, and
//    failing() says why. A record is never in the stream twice.
//
// Records that come while a message is under way go into the next one, so that messages grow with
// the load (message.h). docs/internals/cluster.md describes the log, formats.md its bytes.
//
// Thread rule: from() first; after that any function from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "jetstream/slot_copy.h"
#include "jetstream/slot_opening.h"
#include "journal/journal.h"
#include "journal/journal_reader.h"
#include "nats/connection.h"

namespace gridloom::journal {

struct SlotLogLimits {
  std::size_t waiting_bytes = std::size_t{64} * 1024 * 1024;  // above this, behind() is true
  Millis wait{2'000};                                         // for the answer to one call of NATS
  Millis retry{100};                                          // delay after a failure
  Millis open{30'000};  // from() gives up when NATS does not answer for this long
  Millis lost{1'000};   // after which a stream that has lost messages ends the log: the next owner,
                        // which may be the same node, gives back what its copy has
};

class SlotLog final : public Journal, public JournalReader {
 public:
  struct Options {
    nats::Connection* connection = nullptr;  // outlives the log
    std::uint32_t slot = 0;
    std::uint64_t revision = 0;  // of this node's claim: counts the owners of the slot
    std::string node{};
    // Other stores hold records up to this number: none of these numbers is assigned again.
    std::uint64_t known = 0;
    int replicas = 3;
    // The stream's size. Servers reserve it: all slots together are not more than their
    // max_file_store.
    std::int64_t max_bytes = std::int64_t{4} * 1024 * 1024 * 1024;
    SlotLogLimits limits{};
    std::optional<SlotCopyOptions> copy{};  // on this node's disk; nothing: none
    std::stop_token stop{};                 // ends from()
    // Called once, on the log's thread, when nothing becomes durable any more: another owner has
    // appended (kConflict), or the stream was lost (kDamaged). It must not block.
    std::function<void(const Error&)> on_fenced{};
    // Called within from(), if a later owner has appended, with its revision.
    std::function<void(std::int64_t revision)> on_later_owner{};
  };
  explicit SlotLog(Options options);
  // Sends the waiting records, until a call fails: what on_records uses is still there.
  ~SlotLog() override;

  [[nodiscard]] static std::string stream_name(std::uint32_t slot);
  [[nodiscard]] static std::string subject(std::uint32_t slot);

  // Appends the fence, then hands over all that is before it. kConflict also: a later owner has
  // appended, or the stream is not one of ours. kIo: NATS does not answer, or the stop was
  // requested.
  [[nodiscard]] Status from(const Positions& positions, OnRecords on_records) override;
  [[nodiscard]] Result<Positions> read(const Positions& after, const Positions& through,
                                       const OnRecord& on_record) override;
  // Removes messages that have no other records; the last message stays.
  void trim(const Positions& positions) override;

  // Gives the log up: no record becomes durable any more, also if nobody else has appended, and
  // those that wait are dropped uncalled. on_fenced is not called. Does not wait.
  void abandon();

  [[nodiscard]] bool behind() const override;
  [[nodiscard]] std::string failing() const override;
  [[nodiscard]] bool is_fenced() const;  // tidy: allowed, tests wait for it
  [[nodiscard]] std::size_t waiting_bytes() const;
  // The size of the copy on this node's disk.
  [[nodiscard]] std::uint64_t copy_bytes() const;

  // Returns when everything appended so far is durable; false: the next attempt failed, or the log
  // is fenced. Not to be called on the log's own thread.
  [[nodiscard]] bool flush();

  // The records that from() found missing.
  [[nodiscard]] const SlotLoss& loss() const;

 private:
  // Once the log is fenced, the number means nothing, and `durable` is destroyed uncalled.
  std::uint64_t append_record(RecordKind kind, std::string payload, Task durable,
                              std::size_t waiters) override;

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridloom::journal
