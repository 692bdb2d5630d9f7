// Batches of changes (hub/feed/change_feed.h) as bytes, for readers at another node. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "hub/feed/change_feed.h"

namespace gridloom::hub {

[[nodiscard]] std::string bytes_of(const ChangeBatch& batch);
// kMalformed: these are not the bytes of a batch, or of another version.
[[nodiscard]] Result<ChangeBatch> change_batch_in(std::string_view bytes);

}  // namespace gridloom::hub
