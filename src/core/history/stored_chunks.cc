#include "history/stored_chunks.h"

#include <string_view>
#include <utility>

#include "history/blocks/chunk.h"
#include "history/blocks/rows.h"

namespace gridloom::history {

Result<std::vector<std::string>> chunks_of(StoreReader& store, const DeviceHour& of) {
  std::vector<std::string> chunks;
  GL_TRY(
      store.each_chunk(of.device, of.hour, of.hour + 1, [&](std::int64_t, std::string_view chunk) {
        chunks.emplace_back(chunk);
        return Status();
      }));
  return chunks;
}

std::vector<std::string> merged(std::vector<std::string> chunks) {
  if (chunks.size() == 1 && !is_rows(chunks.front())) return chunks;
  const std::vector<std::string_view> views(chunks.begin(), chunks.end());
  auto blocks = merge(views);
  return blocks ? std::move(*blocks) : std::move(chunks);
}

}  // namespace gridloom::history
