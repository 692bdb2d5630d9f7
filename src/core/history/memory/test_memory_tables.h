// The tables of history's storage in memory, which its connections share.
//
// Readers do not wait for writers while they read, and not the other way round: each reader has the
// tables of one moment, and what is changed meanwhile is copied first, except for the bytes of
// blocks, energies, rollups and audit entries, which are never changed.
//
// Thread rule: MemoryTables: any thread. A View or a Draft: one thread.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/ids.h"
#include "history/blocks/block.h"
#include "history/store/retention_store.h"
#include "history/store/store.h"

namespace gridloom::history {

using Bytes = std::shared_ptr<const std::string>;

inline Bytes bytes_of(std::string_view text) { return std::make_shared<const std::string>(text); }

// A value that its copies share until one of them is changed. All copies are made, changed and
// dropped under one lock.
template <typename T>
class CopyOnWrite {
 public:
  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  T& change() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    return *value_;
  }

 private:
  std::shared_ptr<T> value_ = std::make_shared<T>();
};

struct MemoryChunk {
  Bytes bytes;
  std::int64_t mark = 0;  // RetentionStore::next_mark(); no two chunks have the same
  bool over = false;
};

struct ChunkKey {
  std::int64_t hour = 0;
  std::int64_t chunk = 0;  // counts from 0 within the hour
  friend auto operator<=>(const ChunkKey&, const ChunkKey&) = default;
};

using Chunks = std::map<ChunkKey, MemoryChunk>;
struct MemoryEvent {
  journal::DeviceEvent event;
  bool is_open = false;  // a fault that has not ended
};

using Events = std::map<EventPosition, MemoryEvent>;
using BytesByHour = std::map<std::int64_t, Bytes>;

struct DeviceTables {
  Chunks chunks;
  BytesByHour rollups;
  BytesByHour energies;
  std::optional<StoredTwin> twin;
  Events events;
};

// Everything that is stored.
struct MemoryRows {
  std::map<DeviceNumber, CopyOnWrite<DeviceTables>> devices;
  CopyOnWrite<std::map<FieldId, std::string>> names;
  CopyOnWrite<std::map<std::uint64_t, Bytes>> audit;  // by sequence
  CopyOnWrite<std::map<DeviceHour, std::uint64_t>> taken;
  CopyOnWrite<std::map<std::int64_t, RunningDay>> running_days;
  std::uint64_t applied = 0;
  std::int64_t next_mark = 1;
};

// The tables that all connections share.
class MemoryTables {
 public:
  // The tables of one moment, for one reader.
  class View {
   public:
    explicit View(MemoryTables& from) : from_(&from) {
      const std::lock_guard lock(from_->mutex_);
      tables_.emplace(from_->tables_);
    }
    View(const View&) = delete;
    View& operator=(const View&) = delete;
    ~View() {
      const std::lock_guard lock(from_->mutex_);
      tables_.reset();
    }
    [[nodiscard]] const MemoryRows& operator*() const { return **tables_; }

   private:
    MemoryTables* from_;
    std::optional<CopyOnWrite<MemoryRows>> tables_;
  };

  // Changes of one writer, which others see once they are committed, all of them at once. Other
  // writers wait meanwhile.
  class Draft {
   public:
    explicit Draft(MemoryTables& of) : writer_(of.writers_), of_(&of) {
      const std::lock_guard lock(of_->mutex_);
      tables_.emplace(of_->tables_);
    }
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft() {
      const std::lock_guard lock(of_->mutex_);
      tables_.reset();
    }
    void commit() {
      const std::lock_guard lock(of_->mutex_);
      of_->tables_ = *tables_;
    }
    template <typename Change>
    std::invoke_result_t<Change&, MemoryRows&> change(Change change) {
      const std::lock_guard lock(of_->mutex_);
      return change(tables_->change());
    }

   private:
    std::unique_lock<std::mutex> writer_;
    MemoryTables* of_;
    std::optional<CopyOnWrite<MemoryRows>> tables_;
  };

  // A change that cannot fail: it copies nothing that no reader has.
  template <typename Change>
  std::invoke_result_t<Change&, MemoryRows&> change(Change change) {
    const std::lock_guard writer(writers_);
    const std::lock_guard lock(mutex_);
    return change(tables_.change());
  }

 private:
  std::mutex writers_;  // held from the first change of a transaction to its end
  std::mutex mutex_;    // guards tables_ and the copies of it
  CopyOnWrite<MemoryRows> tables_;
};

// The tables of a device; those of a device that has none are empty.
inline const DeviceTables& device_of(const MemoryRows& tables, DeviceNumber device) {
  static const DeviceTables kNone;
  const auto found = tables.devices.find(device);
  return found == tables.devices.end() ? kNone : *found->second;
}

// The chunks of a device's hours [from, to), and of one hour.
inline std::ranges::subrange<Chunks::const_iterator> chunks_of(const DeviceTables& device,
                                                               std::int64_t from, std::int64_t to) {
  const auto begin = device.chunks.lower_bound({.hour = from});
  return {begin, from < to ? device.chunks.lower_bound({.hour = to}) : begin};
}

inline std::ranges::subrange<Chunks::const_iterator> chunks_of(const DeviceTables& device,
                                                               std::int64_t hour) {
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  return {device.chunks.lower_bound({.hour = hour}),
          device.chunks.upper_bound({.hour = hour, .chunk = kLast})};
}

}  // namespace gridloom::history
