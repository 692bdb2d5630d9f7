// The tables of history that are divided by months (UTC): each has a partition for each month of
// which there are rows, so that a month that is old is dropped at once and not row by row.
//
// A partition is made in a transaction of its own before its first row is written, under a lock, so
// that several processes may do so at the same time. Thread rule: as for the Connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>

#include "base/result.h"
#include "ownership/postgres/owner_fence.h"
#include "postgres/connection.h"

namespace gridloom::history {

using Month = std::chrono::year_month;

[[nodiscard]] Month month_of(std::int64_t hour);
// The first hour of the month.
[[nodiscard]] std::int64_t first_hour_of(Month month);

// Makes the partitions of these months that do not exist: in the caller's transaction, if there is
// one, or else each month in its own.
[[nodiscard]] Status make_months(postgres::Connection& connection, const std::set<Month>& months);
// Within the caller's transaction: makes those that do not exist, and keeps all of them from being
// dropped until it ends.
[[nodiscard]] Status keep_months(postgres::Connection& connection, const std::set<Month>& months);
// Makes those of this month, by the server's clock, and of the two after it.
[[nodiscard]] Status make_months_ahead(postgres::Connection& connection);

// Drops one partition of a month before the server's present one that has no rows, or that has only
// 15-minute values that are all before hour `rollups_before`. False: there is none. Waits for
// readers no longer than kPatience_ms; kIo: they were not done. `fence`: of the slot's owner, or
// null; kConflict: another one owns the slot.
inline constexpr int kPatience_ms = 200;
[[nodiscard]] Result<bool> drop_old_month(postgres::Connection& connection,
                                          std::int64_t rollups_before,
                                          const cluster::OwnerFence* fence = nullptr);

}  // namespace gridloom::history
