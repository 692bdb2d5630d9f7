#include "database/history/store_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace gridloom::history {

Status StoreWriter::make_sure_of_months(const std::set<Month>& months) {
  std::set<Month> missing;
  std::ranges::set_difference(months, months_, std::inserter(missing, missing.end()));
  if (missing.empty()) return {};
  GL_TRY(const auto connection, connection_.get());
  GL_TRY(make_months(*connection, missing));
  months_.merge(missing);
  return {};
}

Status StoreWriter::superseded(std::int64_t number) {
  superseded_ = Error{
      .code = ErrorCode::kConflict,
      .detail = fmt::format(
          "history in the database was changed by another program, or lost changes in a failover "
          "(it is at transaction {}, and this server at {}): start this server again",
          number, state_ ? state_->number : 0)};
  return std::unexpected(*superseded_);
}

// A slot that has another owner is lost for ever.
Status StoreWriter::begin(const cluster::Fence::Move& move) {
  Status begun = connection_.begin(move);
  if (!begun && begun.error().code == ErrorCode::kConflict) superseded_ = begun.error();
  return begun;
}

// The outcome is known by the number of the writer's transactions: the row's lock keeps this
// waiting while a session that was lost is still about to commit.
Result<StoreWriter::Outcome> StoreWriter::outcome_of(const ChangeWriter& writer) {
  GL_TRY(begin());
  const auto connection = connection_.get();
  const auto number = lock_writer(**connection);
  connection_.end();
  if (!number) return std::unexpected(number.error());
  if (*number == writer.after().number) return Outcome::kCommitted;
  if (*number == writer.after().number - 1) return Outcome::kNotCommitted;
  return std::unexpected(superseded(*number).error());
}

Status StoreWriter::settle() {
  if (!unknown_) return {};
  if (superseded_) return std::unexpected(*superseded_);
  GL_TRY(begin());
  const auto connection = connection_.get();
  const auto number = lock_writer(**connection);
  Status done = number ? Status() : std::unexpected(number.error());
  const std::int64_t written = unknown_->after().number;
  if (done && *number == written) {
    done = connection_.move(unknown_->move_back());
    if (done) done = unknown_->undo(**connection);
    if (done) done = connection_.commit();
  } else if (done && *number != written - 1 && *number != written + 1) {
    done = superseded(*number);
  }
  connection_.end();
  if (!done) return done;
  unknown_.reset();
  state_.reset();
  return {};
}

Status StoreWriter::commit(ChangeWriter& writer, MonthsOf months) {
  if (months == MonthsOf::kKnown) {
    GL_TRY(make_sure_of_months(writer.months()));
  }
  GL_TRY(begin(writer.move_from(*state_)));
  const auto connection = connection_.get();
  Status done;
  if (months == MonthsOf::kKept) done = keep_months(**connection, writer.months());
  if (done) done = writer.write(**connection, *state_);
  if (!done) {
    connection_.end();
    return done;
  }
  done = connection_.commit();
  if (done || !connection_.is_unknown()) return done;
  const auto outcome = outcome_of(writer);
  if (outcome && *outcome == Outcome::kCommitted) return {};
  if (!outcome && !superseded_) unknown_ = std::move(writer);
  return done;
}

Status StoreWriter::write(const Changes& changes) {
  if (superseded_) return std::unexpected(*superseded_);
  GL_TRY(settle());
  GL_TRY(auto writer, ChangeWriter::prepare(changes));
  if (!state_) {
    GL_TRY(const auto connection, connection_.get());
    GL_TRY(auto state, read_writer_state(*connection));
    state_ = std::move(state);
  }
  Status done = commit(writer, MonthsOf::kKnown);
  if (!done && done.error().code == ErrorCode::kConflict && !superseded_) {
    GL_TRY(const auto number, connection_.query("SELECT number FROM writer"));
    if (number[0].integer(0) != state_->number) return superseded(number[0].integer(0));
    // Retention may have dropped a month, and may do so again: a race that is lost is no sign that
    // another one owns the history.
    if (!std::exchange(months_, {}).empty()) done = commit(writer, MonthsOf::kKept);
  }
  if (done) state_ = writer.after();
  return done;
}

Result<journal::Positions> StoreWriter::applied() {
  GL_TRY(settle());
  GL_TRY(const auto connection, connection_.get());
  GL_TRY(auto state, read_writer_state(*connection));
  // write() builds on the state that is read first.
  if (!state_) state_ = state;
  return state.positions;
}

}  // namespace gridloom::history
