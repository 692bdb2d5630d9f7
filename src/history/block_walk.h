// A resumable walk over the blocks of a device's hours. It stops after a limited amount of work,
// also within an hour, after any of its chunks, and continues later. It holds no database resources
// between two calls.
//
// Rows that move from memory into the store meanwhile are returned twice rather than missed: memory
// is copied first. Hours ascend; hours in memory come after all others.
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
#include "history/head_blocks.h"
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
  [[nodiscard]] Status read(Reader& reader, const OnBlock& on_block);
  [[nodiscard]] bool done() const { return began_ && stored_ && in_memory_.empty(); }

  static constexpr std::size_t kBytesAtOnce = std::size_t{512} * 1024;  // of chunks
  static constexpr std::size_t kChunksAtOnce = 256;

 private:
  void copy_memory(const HeadBlocks& head_blocks);
  [[nodiscard]] Status read_chunk(std::int64_t hour, std::string_view chunk,
                                  const OnBlock& on_block) const;

  Options options_;
  bool began_ = false;
  bool stored_ = false;        // the store was read to its end
  Store::ChunkPosition next_;  // next chunk in the store
  std::deque<std::pair<std::int64_t, HeadBlocks::Buffer>> in_memory_;  // not yet read, by hour
};

}  // namespace gridloom::history
