// A walk over the blocks of a device's hours, which stops after some work and goes on later: also
// inside of an hour, behind each of its parts. Between two calls nothing of the database is held.
//
// What moves from memory into the store meanwhile is seen twice, and not missed: memory is copied
// first. Hours ascend; those in memory come behind all others.
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

#include "base/result.h"
#include "history/block.h"
#include "history/heads.h"
#include "history/part.h"
#include "history/store.h"

namespace gridloom::history {

class Reader;

class BlockWalk {
 public:
  struct Options {
    DeviceNumber device = 0;
    std::int64_t from = 0;  // the hours [from, to)
    std::int64_t to = 0;
    Columns columns{};  // of rows that are not blocks yet
  };
  explicit BlockWalk(Options options)
      : options_(std::move(options)), next_{.hour = options_.from, .part = 0} {}

  // Reads on, some kBytesAtOnce. A part that is damaged is logged and left out; ends with the first
  // fault of the store or of `on_block`.
  using OnBlock = std::function<Status(std::int64_t hour, const Block& block)>;
  [[nodiscard]] Status read(Reader& reader, const OnBlock& on_block);
  [[nodiscard]] bool done() const { return began_ && stored_ && in_memory_.empty(); }

  static constexpr std::size_t kBytesAtOnce = std::size_t{512} * 1024;  // of parts
  static constexpr std::size_t kPartsAtOnce = 256;

 private:
  void copy_memory(const Heads& heads);
  [[nodiscard]] Status read_part(std::int64_t hour, std::string_view part,
                                 const OnBlock& on_block) const;

  Options options_;
  bool began_ = false;
  bool stored_ = false;                                          // all of the store was read
  Store::Place next_;                                            // of the store
  std::deque<std::pair<std::int64_t, Heads::Piece>> in_memory_;  // still to be read, by hour
};

}  // namespace gridloom::history
