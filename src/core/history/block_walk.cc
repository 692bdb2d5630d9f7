#include "history/block_walk.h"

#include <spdlog/spdlog.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/builder.h"
#include "history/reader.h"

namespace gridloom::history {

void BlockWalk::copy_memory(const HoursInMemory& memory) {
  for (const std::int64_t hour : memory.hours(options_.device, options_.from, options_.to)) {
    in_memory_.push_back(
        {.hour = hour, .rows = memory.copy({.device = options_.device, .hour = hour})});
  }
}

// A damaged chunk is skipped, so that the rest of the history remains readable.
Status BlockWalk::read_chunk(std::int64_t hour, std::string_view chunk,
                             const OnBlock& on_block) const {
  Status taken;
  const Status read = each_block_of(chunk, options_.columns, [&](const Block& block) {
    taken = on_block(hour, block);
    return taken;
  });
  if (!taken) return taken;
  if (!read) {
    spdlog::error("the history of device {}, hour {}: {}", options_.device, hour,
                  read.error().detail);
  }
  return {};
}

// Drops the copies of rows that are in chunks of hours that are read completely by now.
Status BlockWalk::drop_stored(Reader& reader) {
  while (compared_ < in_memory_.size() && (stored_ || in_memory_[compared_].hour < next_.hour)) {
    const InMemory& copy = in_memory_[compared_];
    GL_TRY(const auto is_stored,
           reader.store().has_taken({.device = options_.device, .hour = copy.hour},
                                    copy.rows.first_sequence));
    if (is_stored) {
      in_memory_.erase(in_memory_.begin() + static_cast<std::ptrdiff_t>(compared_));
    } else {
      ++compared_;
    }
  }
  return {};
}

// One transaction reads both, so that what is known of the stored rows holds for the chunks that
// are read.
Status BlockWalk::read_store(Reader& reader, const OnBlock& on_block, const OnAgain& on_again) {
  GL_TRY(const auto snapshot, reader.store().snapshot());
  GL_TRY(const auto place, reader.store().resume(options_.device, next_));
  if (place.chunk != next_.chunk && on_again) on_again(next_.hour);
  next_ = place;
  GL_TRY(const auto all, reader.store().chunks_from(options_.device, place, options_.to,
                                                    [&](const StoreReader::ChunkPosition& at,
                                                        std::string_view chunk) -> Result<bool> {
                                                      next_ = at.after();
                                                      bytes_ += chunk.size();
                                                      ++chunks_;
                                                      GL_TRY(read_chunk(at.hour, chunk, on_block));
                                                      return !enough();
                                                    }));
  stored_ = all;
  return drop_stored(reader);
}

Status BlockWalk::read(Reader& reader, const OnBlock& on_block, const OnAgain& on_again) {
  if (!std::exchange(began_, true)) copy_memory(reader.hours_in_memory());
  bytes_ = 0;
  chunks_ = 0;
  if (!stored_) {
    if (Status read = read_store(reader, on_block, on_again); !read) {
      if (!reader.needs_no_store(read.error(), options_.device, options_.from)) {
        return std::unexpected(reader.unread(std::move(read.error()), options_.device));
      }
      stored_ = true;  // it had nothing of these hours
    }
  }
  while (stored_ && !in_memory_.empty() && !enough()) {
    std::vector<HoursInMemory::Buffer>& buffers = in_memory_.front().rows.buffers;
    const std::int64_t hour = in_memory_.front().hour;
    std::string chunk;
    if (!buffers.empty()) {
      bytes_ += buffers.front()->size();
      ++chunks_;
      if (!buffers.front()->empty()) chunk = reader.hours_in_memory().chunk_of(*buffers.front());
      buffers.erase(buffers.begin());
    }
    if (buffers.empty()) in_memory_.pop_front();
    if (chunk.empty()) continue;
    GL_TRY(read_chunk(hour, chunk, on_block));
  }
  return {};
}

}  // namespace gridloom::history
