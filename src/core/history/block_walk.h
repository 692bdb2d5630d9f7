// A resumable walk over the blocks of a device's hours. It stops after a limited amount of work,
// also within an hour, after any of its chunks, and continues later. It holds no database resources
// between two calls.
//
// Each row is returned once, also if it moves from memory into the store meanwhile: memory is
// copied first, and the copy of an hour is dropped if the store has its rows by the time at which
// the last of the hour's chunks was read. Hours ascend; hours in memory come after all others.
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "history/blocks/block.h"
#include "history/blocks/chunk.h"
#include "history/hours_in_memory.h"
#include "history/store/store.h"

namespace gridloom::history {

class Reader;

class BlockWalk {
 public:
  struct Options {
    DeviceNumber device = 0;
    std::int64_t from = 0;  // the hours [from, to)
    std::int64_t to = 0;
    Columns columns{};  // applies to rows that are not blocks yet
  };
  explicit BlockWalk(Options options)
      : options_(std::move(options)), next_{.hour = options_.from, .chunk = 0} {}

  // Reads the next kBytesAtOnce bytes or so. A damaged chunk is logged and skipped; stops at the
  // first error of the store or of `on_block`.
  using OnBlock = std::function<Status(std::int64_t hour, const Block& block)>;
  // The store's chunks of the hour that is being read were replaced: what was returned of it no
  // longer counts, and all of it is returned again.
  using OnAgain = std::function<void(std::int64_t hour)>;
  [[nodiscard]] Status read(Reader& reader, const OnBlock& on_block, const OnAgain& on_again);
  [[nodiscard]] bool done() const { return began_ && stored_ && in_memory_.empty(); }

  static constexpr std::size_t kBytesAtOnce = std::size_t{512} * 1024;  // of chunks
  static constexpr std::size_t kChunksAtOnce = 256;

 private:
  void copy_memory(const HoursInMemory& memory);
  [[nodiscard]] Status read_store(Reader& reader, const OnBlock& on_block, const OnAgain& on_again);
  [[nodiscard]] Status drop_stored(Reader& reader);
  [[nodiscard]] bool enough() const { return bytes_ >= kBytesAtOnce || chunks_ >= kChunksAtOnce; }
  [[nodiscard]] Status read_chunk(std::int64_t hour, std::string_view chunk,
                                  const OnBlock& on_block) const;

  Options options_;
  bool began_ = false;
  bool stored_ = false;              // the store was read to its end
  StoreReader::ChunkPosition next_;  // next chunk in the store
  struct InMemory {
    std::int64_t hour = 0;
    HoursInMemory::Copy rows;
  };
  std::deque<InMemory> in_memory_;  // not yet returned, by hour
  std::size_t compared_ = 0;        // of these, whose chunks in the store were all read
  std::size_t bytes_ = 0;           // by this call of read()
  std::size_t chunks_ = 0;
};

}  // namespace gridloom::history
