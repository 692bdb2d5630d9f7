// How an owner opens a slot's log: it appends its fence, and then reads all records behind a
// position that are before the fence.
//
// Thread rule: one thread, which blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "journal/jetstream/message.h"
#include "journal/jetstream/record_places.h"
#include "journal/jetstream/slot_loss.h"
#include "journal/jetstream/slot_stream.h"
#include "nats/jet_stream.h"

namespace gridloom::journal {

class SlotOpening {
 public:
  struct Options {
    std::uint64_t known = 0;  // no record gets a number up to this one
    Millis retry{};           // delay after a failure
    Millis patience{};        // gives up when NATS does not answer for this long
    std::stop_token stop{};
  };
  // Both outlive it.
  SlotOpening(nats::JetStream& jet_stream, SlotStream& stream, Options options);

  using OnRecords = std::function<void(std::span<const Record>)>;
  // Hands over the records behind `after`. kConflict, kMalformed: see SlotStream. kIo: NATS does
  // not answer, or the stop was requested.
  [[nodiscard]] Status open(std::uint64_t after, const OnRecords& on_records);

  // Once it is open: the fence, what was found missing, and where some of the records are.
  [[nodiscard]] const SlotStream::Fence& fence() const { return fence_; }
  [[nodiscard]] const SlotLoss& loss() const { return loss_; }
  [[nodiscard]] RecordPlaces take_places() { return std::move(places_); }

 private:
  template <typename T, typename Call>
  [[nodiscard]] Result<T> with_patience(const Call& call) const;
  [[nodiscard]] Result<SlotStream::Fence> fence_once();
  [[nodiscard]] Status replay(std::uint64_t after, const OnRecords& on_records);
  void take(std::uint64_t sequence, const MessageHead& head, std::span<const Record> records,
            const OnRecords& on_records);
  void note_gap(std::uint64_t next);

  nats::JetStream& jet_stream_;
  SlotStream& stream_;
  Options options_;
  SlotStream::Fence fence_;
  SlotLoss loss_;
  RecordPlaces places_;
  std::uint64_t expected_ = 0;  // the number of the next record
};

}  // namespace gridloom::journal
