// How an owner opens a slot's log: it appends its fence, and then reads all records behind a
// position that are before the fence.
//
// An owner with a copy of its own (slot_copy.h) takes from it the records that the stream has lost.
// Those behind the end of the stream it appends to the stream again, under their numbers, before
// anything else; those that are missing in the middle it can only hand over. The other way round it
// adds to the copy what only the stream has.
//
// Thread rule: one thread, which blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "jetstream/message.h"
#include "jetstream/record_places.h"
#include "jetstream/record_reader.h"
#include "jetstream/slot_copy.h"
#include "jetstream/slot_stream.h"
#include "journal/loss_note.h"
#include "nats/jet_stream.h"

namespace gridloom::journal {

// The records that an owner found missing from a slot's log when it opened the log.
struct SlotLoss {
  static constexpr std::size_t kMaxGaps = 20;
  std::vector<RecordGap> gaps{};  // the first of them
  // The last record of a log that ends before what is stored elsewhere; 0: it has none at all.
  std::optional<std::uint64_t> ends_early{};
  std::uint64_t damaged_messages = 0;  // of another program, or changed
  std::vector<LossNote> of_copy{};     // what was found in the node's own copy
};

class SlotOpening {
 public:
  struct Options {
    std::uint64_t known = 0;   // no record gets a number up to this one
    Millis retry{};            // delay after a failure
    Millis patience{};         // gives up when NATS does not answer for this long
    SlotCopy* copy = nullptr;  // of this node; outlives it
    std::stop_token stop{};
  };
  // Both outlive it.
  SlotOpening(nats::JetStream& jet_stream, SlotStream& stream, Options options);

  using OnRecords = std::function<void(std::span<const Record>)>;
  // Hands over the records behind `after`. kConflict, kMalformed: see SlotStream. kIo: NATS does
  // not answer, the stop was requested, or the copy cannot be read or written.
  [[nodiscard]] Status open(std::uint64_t after, const OnRecords& on_records);

  // Once it is open: the number of the next record, what was found missing, and where some of the
  // records are.
  [[nodiscard]] std::uint64_t next_record() const { return next_record_; }
  [[nodiscard]] const SlotLoss& loss() const { return loss_; }
  [[nodiscard]] RecordPlaces take_places() { return std::move(places_); }

 private:
  template <typename T, typename Call>
  [[nodiscard]] Result<T> with_patience(const Call& call) const;
  [[nodiscard]] Result<SlotStream::Fence> fence_once();
  [[nodiscard]] std::uint64_t number_behind(const SlotStream::LogEnd& end);
  [[nodiscard]] Status replay();
  [[nodiscard]] Status take(std::uint64_t sequence, const MessageHead& head,
                            std::span<const Record> records, std::string_view body);
  [[nodiscard]] Status follow(std::uint64_t sequence, const MessageHead& head);
  [[nodiscard]] Status compare(std::span<const Record> records);
  [[nodiscard]] Result<bool> is_in_copy(const Record& record);
  [[nodiscard]] Status begin_copy(std::uint64_t keep);
  [[nodiscard]] Status add_to_copy(const MessageHead& head, std::string_view body) const;
  [[nodiscard]] Status fill_gap(std::uint64_t next);
  void note_gap(std::uint64_t next);
  void hand_over(std::span<const Record> records);
  [[nodiscard]] Status check_copy();
  [[nodiscard]] Status restore();
  [[nodiscard]] Status append_again(std::span<const Record> records);

  nats::JetStream& jet_stream_;
  SlotStream& stream_;
  Options options_;
  OnRecords on_records_;
  std::uint64_t after_ = 0;
  SlotStream::Fence fence_;
  SlotLoss loss_;
  RecordPlaces places_;
  std::uint64_t expected_ = 0;  // the number of the next record to be handed over
  std::uint64_t next_record_ = 0;
  // The record that was read last of the stream, to be compared with the copy.
  std::uint64_t last_read_ = 0;
  std::uint64_t last_hash_ = 0;
  // The state of the copy, as far as it is known.
  bool goes_on_ = false;   // nobody else has opened the log since it was written
  bool restores_ = false;  // it has all that is behind the end of the stream
  bool has_begun_ = false;
  // While records that another owner gave back are compared with the copy: up to where both are the
  // same.
  std::optional<std::uint64_t> same_through_{};
  std::map<std::uint64_t, std::uint64_t> copied_;  // hashes by number, of the next ones
};

}  // namespace gridloom::journal
