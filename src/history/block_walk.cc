#include "history/block_walk.h"

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

#include "history/builder.h"
#include "history/reader.h"

namespace gridloom::history {

void BlockWalk::copy_memory(const HeadBlocks& head_blocks) {
  for (const std::int64_t hour : head_blocks.hours(options_.device, options_.from, options_.to)) {
    for (HeadBlocks::Buffer& buffer :
         head_blocks.buffers({.device = options_.device, .hour = hour})) {
      in_memory_.emplace_back(hour, std::move(buffer));
    }
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

Status BlockWalk::read(Reader& reader, const OnBlock& on_block) {
  if (!std::exchange(began_, true)) copy_memory(reader.head_blocks());
  std::size_t bytes = 0;
  std::size_t chunks = 0;
  const auto enough = [&] { return bytes >= kBytesAtOnce || chunks >= kChunksAtOnce; };
  if (!stored_) {
    const auto all = reader.store().chunks_from(
        options_.device, next_, options_.to,
        [&](const Store::ChunkPosition& at, std::string_view chunk) -> Result<bool> {
          next_ = at.after();
          bytes += chunk.size();
          ++chunks;
          if (Status taken = read_chunk(at.hour, chunk, on_block); !taken) {
            return std::unexpected(taken.error());
          }
          return !enough();
        });
    if (!all) return std::unexpected(reader.note_damage(all.error()));
    stored_ = *all;
  }
  while (stored_ && !in_memory_.empty() && !enough()) {
    const auto [hour, buffer] = std::move(in_memory_.front());
    in_memory_.pop_front();
    bytes += buffer->size();
    ++chunks;
    const std::string chunk = reader.head_blocks().chunk_of(*buffer);
    if (chunk.empty()) continue;
    if (Status taken = read_chunk(hour, chunk, on_block); !taken) return taken;
  }
  return {};
}

}  // namespace gridloom::history
