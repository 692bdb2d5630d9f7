#include "postgres/pipeline.h"

#include <libpq-fe.h>

#include <optional>

#include "postgres/session.h"

namespace gridloom::postgres {
namespace {

// Takes the results of a pipeline up to its end, and leaves the pipeline mode.
class PipelineRun {
 public:
  explicit PipelineRun(Session& session) : session_(session) {}

  [[nodiscard]] Status send(std::string_view sql, const Values& values) {
    GL_TRY(const PreparedNames::Name prepared, session_.send_prepare(sql, values));
    if (prepared.is_new) {
      prepared_.push_back(prepared.text);
      kinds_.push_back(Kind::kPreparation);
    }
    GL_TRY(session_.send_prepared(prepared.text, values));
    kinds_.push_back(Kind::kStatement);
    return session_.flush();
  }

  // `on_row`, unless it is null, gets the rows of the last statement.
  [[nodiscard]] Result<std::vector<Rows>> receive(const Pipeline::OnRow* on_row) {
    std::vector<Rows> all;
    all.reserve(kinds_.size());
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      const bool is_last = i + 1 == kinds_.size();
      GL_TRY(on_row != nullptr && is_last ? receive_rows(*on_row) : receive_whole(kinds_[i], all));
    }
    const Result<ResultPtr> sync = session_.next_result();
    if (!sync) return std::unexpected(error_.value_or(sync.error()));
    if (!error_) return all;
    for (const std::string& name : prepared_) session_.forget(name);
    return std::unexpected(*error_);
  }

 private:
  enum class Kind : std::uint8_t { kPreparation, kStatement };

  // These fail when the connection is lost; other errors are kept, so that the rest is read. A null
  // ends the results of each statement and preparation.
  [[nodiscard]] Status receive_whole(Kind kind, std::vector<Rows>& all) {
    Result<ResultPtr> result = session_.next_result();
    if (!result) return std::unexpected(error_.value_or(result.error()));
    if (*result == nullptr) return session_.failed();
    GL_TRY(check(result->get()));
    if (!error_ && kind == Kind::kStatement) all.emplace_back(result->release());
    const Result<ResultPtr> end = session_.next_result();
    return end ? Status() : std::unexpected(error_.value_or(end.error()));
  }

  [[nodiscard]] Status receive_rows(const Pipeline::OnRow& on_row) {
    if (!error_ && ::PQsetSingleRowMode(session_.handle()) == 0) return session_.failed();
    bool goes_on = true;
    while (true) {
      Result<ResultPtr> result = session_.next_result();
      if (!result) return std::unexpected(error_.value_or(result.error()));
      if (*result == nullptr) return {};
      GL_TRY(check(result->get()));
      const Rows rows(result->release());
      for (std::size_t i = 0; i < rows.size() && goes_on && !error_; ++i) {
        const Result<bool> taken = on_row(rows[i]);
        if (!taken) error_ = taken.error();
        goes_on = taken.value_or(false);
      }
    }
  }

  [[nodiscard]] Status check(const pg_result* result) {
    if (error_) return {};
    if (Status good = session_.check(result); !good) error_ = good.error();
    return session_.is_alive() ? Status() : std::unexpected(*error_);
  }

  Session& session_;
  std::vector<Kind> kinds_;
  std::vector<std::string> prepared_;
  std::optional<Error> error_;  // the first
};

}  // namespace

Result<std::vector<Rows>> Pipeline::run_rows(const OnRow* on_row) {
  Session& session = *connection_->state_;
  const std::vector<Statement> statements = std::exchange(statements_, {});
  GL_TRY(session.begin_call());
  if (::PQenterPipelineMode(session.handle()) == 0) return session.failed();
  PipelineRun running(session);
  for (const Statement& statement : statements) {
    if (Status sent = running.send(statement.sql, statement.values); !sent) {
      session.lose();  // a pipeline that was sent in part cannot be left
      return std::unexpected(sent.error());
    }
  }
  if (::PQpipelineSync(session.handle()) == 0) return session.failed();
  Result<std::vector<Rows>> all = running.receive(on_row);
  if (session.is_alive() && ::PQexitPipelineMode(session.handle()) == 0) {
    session.lose();
    if (all) return session.failed();
  }
  return all;
}

}  // namespace gridloom::postgres
