// Queries of history for threads that may wait for the answer, as those of administration.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "base/result.h"
#include "history/archive.h"
#include "history/reader.h"

namespace gridloom::history {

// Works for one step, on a thread of history. True: it was the last one. An error ends the query.
using WorkSome = std::move_only_function<Result<bool>(Reader&)>;

// Administration.
inline constexpr std::int64_t kNoAccount = 0;

// Runs a query to its end and waits for it. `work` may refer to what the caller has, unless there
// is a `stop`, which ends the waiting while a step may still run. kConflict: the account has the
// maximum number of queries already; kIo: history answers no more, or the stop; and the errors of
// `work`.
[[nodiscard]] Status run_query(const Reads& reads, std::int64_t account, WorkSome work,
                               const std::stop_token& stop = {});

// Queries on the archive's thread for administration, in turns with others; of any account. The
// archive outlives them.
[[nodiscard]] Reads admin_reads(Archive& archive);

}  // namespace gridloom::history
