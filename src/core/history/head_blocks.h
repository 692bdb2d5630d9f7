// Heads: the hours that are not yet blocks, held in memory. Rows of reports are kept as they came
// from the log, by device and hour, at about three bytes per value. Values are decoded only when
// blocks are made of them.
//
// Thread rule: one thread takes and drops; any thread may copy.
#pragma once

#include <atomic>
#include <boost/container/flat_map.hpp>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "history/blocks/block.h"
#include "history/blocks/field_names.h"
#include "history/energy/open_energies.h"
#include "history/hours_in_memory.h"
#include "history/row_shapes.h"
#include "history/store/store.h"
#include "journal/batch.h"

namespace gridloom::history {

class HeadBlocks final : public HoursInMemory {
 public:
  // True if the store has an equal row of that time. Called on the thread that takes.
  using InStore =
      std::function<bool(const DeviceHour& of, std::int64_t at_ms, std::span<const Sample> row)>;
  HeadBlocks(FieldNames& names, InStore in_store, SourcesOf sources_of = {})
      : names_(names), in_store_(std::move(in_store)) {
    if (sources_of) energies_.emplace(names, std::move(sources_of));
  }

  // The records of hours that take() leaves out, because the store has their rows.
  void set_stored(std::map<DeviceHour, std::uint64_t> taken);

  // Takes the rows of one record of the log. A report that was sent again (kResent) is left out if
  // an equal row of the same time exists. kMalformed: not a batch; the rows that could be read are
  // taken.
  [[nodiscard]] Status take(std::uint64_t sequence, std::string_view batch);

  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // At most `most` hours before `hour`, of any devices.
  [[nodiscard]] std::vector<DeviceHour> before(std::int64_t hour, std::size_t most) const;
  // At most `most` hours: those that need the oldest records of the log.
  [[nodiscard]] std::vector<DeviceHour> oldest(std::size_t most) const;
  [[nodiscard]] const OpenEnergies* energies() const { return energies_ ? &*energies_ : nullptr; }
  // Cheap: all but the last buffer are shared, not copied.
  [[nodiscard]] Copy copy(const DeviceHour& of) const override;
  [[nodiscard]] std::string chunk_of(const std::string& buffer) const override;
  // The fields that rows of a buffer have.
  [[nodiscard]] std::set<FieldId> fields_of(const std::string& buffer) const;
  // Drops the rows that `is_stored` is true of; the head stays, also without rows.
  using IsStored = std::function<bool(std::int64_t at_ms, std::span<const Sample> row)>;
  void drop_rows(const DeviceHour& of, const IsStored& is_stored);
  // A buffer with this many bytes is full.
  static constexpr std::size_t kBufferBytes = std::size_t{512} * 1024;
  // Drops all rows of the device, and takes no more of them.
  void purge(DeviceNumber device);
  [[nodiscard]] std::vector<DeviceNumber> devices() const;
  [[nodiscard]] std::vector<std::int64_t> hours(DeviceNumber device, std::int64_t from,
                                                std::int64_t to) const override;
  // Drops a head whose rows are now in the store.
  void drop(const DeviceHour& of);
  // The oldest log record that any head needs; none: there are no heads.
  [[nodiscard]] std::optional<std::uint64_t> first_sequence() const;

 private:
  struct Head {
    std::uint64_t first_sequence = 0;
    std::vector<Buffer> full;  // the rows before those in `rows`
    std::string rows;
    std::size_t bytes = 0;  // of all rows
  };
  // Usually one or two hours, stored in place, because every row looks up its hour.
  using Hours = boost::container::small_flat_map<std::int64_t, Head, 2>;
  // A shape of the batch being read.
  struct OfBatch {
    RowShapes::Beginning beginning;
    bool resent = false;  // kResent is among its fields
  };

  void name_shapes(const journal::BatchReader& reader);
  [[nodiscard]] OfBatch shape_of(const journal::BatchReader::Shape& names,
                                 const journal::BatchReader& reader);
  // Writes a resent row to of_batch_, without its time and the kResent field.
  // True: an equal row of the same time exists.
  [[nodiscard]] bool came_before(const journal::BatchReader::Row& row,
                                 journal::BatchReader& reader);
  [[nodiscard]] bool knows(const DeviceHour& of, std::int64_t at_ms) const;
  [[nodiscard]] const Head* find(const DeviceHour& of) const;
  template <typename OnHead>
  void each_hour(DeviceNumber device, std::int64_t from, std::int64_t to, OnHead on_head) const {
    const auto found = devices_.find(device);
    if (found == devices_.end()) return;
    const Hours& hours = found->second;
    for (auto head = hours.lower_bound(from); head != hours.end() && head->first < to; ++head) {
      on_head(head->first, head->second);
    }
  }
  FieldNames& names_;
  InStore in_store_;
  mutable std::mutex mutex_;  // guards devices_ and purged_
  std::unordered_map<DeviceNumber, Hours> devices_;
  std::map<DeviceHour, std::uint64_t> stored_;  // see set_stored()
  std::uint64_t stored_through_ = 0;            // the last of those records
  std::set<DeviceNumber> purged_;
  std::atomic<std::size_t> bytes_{0};
  std::optional<OpenEnergies> energies_;
  RowShapes shapes_;  // of the rows in devices_
  struct Reading {
    std::vector<FieldId> ids;     // by the batch's indexes
    std::vector<OfBatch> shapes;  // by its indexes
    std::string row;              // encoding of a resent row
    std::string values;           // its values
    std::vector<Sample> samples;  // its samples
  };
  Reading of_batch_;  // the batch being read
};

}  // namespace gridloom::history
