#include "history/block_walk.h"

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

#include "history/archive.h"
#include "history/builder.h"

namespace gridloom::history {

void BlockWalk::copy_memory(const Heads& heads) {
  for (const std::int64_t hour : heads.hours(options_.device, options_.from, options_.to)) {
    for (Heads::Piece& piece : heads.pieces({.device = options_.device, .hour = hour})) {
      in_memory_.emplace_back(hour, std::move(piece));
    }
  }
}

// What is damaged is left out: the rest of the history can be read all the same.
Status BlockWalk::read_part(std::int64_t hour, std::string_view part,
                            const OnBlock& on_block) const {
  Status taken;
  const Status read = each_block_of(part, options_.columns, [&](const Block& block) {
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
  if (!std::exchange(began_, true)) copy_memory(reader.heads());
  std::size_t bytes = 0;
  std::size_t parts = 0;
  const auto enough = [&] { return bytes >= kBytesAtOnce || parts >= kPartsAtOnce; };
  if (!stored_) {
    const auto all = reader.store().parts_from(
        options_.device, next_, options_.to,
        [&](const Store::Place& at, std::string_view part) -> Result<bool> {
          next_ = at.behind();
          bytes += part.size();
          ++parts;
          if (Status taken = read_part(at.hour, part, on_block); !taken) {
            return std::unexpected(taken.error());
          }
          return !enough();
        });
    if (!all) return std::unexpected(reader.told(all.error()));
    stored_ = *all;
  }
  while (stored_ && !in_memory_.empty() && !enough()) {
    const auto [hour, piece] = std::move(in_memory_.front());
    in_memory_.pop_front();
    bytes += piece->size();
    ++parts;
    const std::string part = reader.heads().part_of(*piece);
    if (part.empty()) continue;
    if (Status taken = read_part(hour, part, on_block); !taken) return taken;
  }
  return {};
}

}  // namespace gridloom::history
