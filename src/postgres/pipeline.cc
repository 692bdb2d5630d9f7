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
    const Result<PreparedNames::Name> prepared = session_.send_prepare(sql, values);
    if (!prepared) return std::unexpected(prepared.error());
    if (prepared->is_new) {
      prepared_.push_back(prepared->text);
      kinds_.push_back(Kind::kPreparation);
    }
    if (Status sent = session_.send_prepared(prepared->text, values); !sent) return sent;
    kinds_.push_back(Kind::kStatement);
    return session_.flush();
  }

  [[nodiscard]] Result<std::vector<Rows>> receive() {
    std::vector<Rows> all;
    std::optional<Error> error;
    all.reserve(kinds_.size());
    for (const Kind kind : kinds_) {
      Result<ResultPtr> result = session_.next_result();
      if (!result) return std::unexpected(error.value_or(result.error()));
      if (*result == nullptr) return session_.failed();
      if (!error) {
        if (Status good = session_.check(result->get()); !good) error = good.error();
        if (!session_.is_alive()) return std::unexpected(*error);
      }
      if (!error && kind == Kind::kStatement) all.emplace_back(result->release());
      // A null ends the results of each.
      if (Result<ResultPtr> end = session_.next_result(); !end) {
        return std::unexpected(error.value_or(end.error()));
      }
    }
    const Result<ResultPtr> sync = session_.next_result();
    if (!sync) return std::unexpected(error.value_or(sync.error()));
    if (!error) return all;
    for (const std::string& name : prepared_) session_.forget(name);
    return std::unexpected(*error);
  }

 private:
  enum class Kind : std::uint8_t { kPreparation, kStatement };

  Session& session_;
  std::vector<Kind> kinds_;
  std::vector<std::string> prepared_;
};

}  // namespace

Result<std::vector<Rows>> Pipeline::run() {
  Session& session = *connection_->state_;
  const std::vector<Statement> statements = std::exchange(statements_, {});
  if (Status begun = session.begin_call(); !begun) return std::unexpected(begun.error());
  if (::PQenterPipelineMode(session.handle()) == 0) return session.failed();
  PipelineRun running(session);
  for (const Statement& statement : statements) {
    if (Status sent = running.send(statement.sql, statement.values); !sent) {
      session.lose();  // a pipeline that was sent in part cannot be left
      return std::unexpected(sent.error());
    }
  }
  if (::PQpipelineSync(session.handle()) == 0) return session.failed();
  Result<std::vector<Rows>> all = running.receive();
  if (session.is_alive() && ::PQexitPipelineMode(session.handle()) == 0) {
    session.lose();
    if (all) return session.failed();
  }
  return all;
}

}  // namespace gridloom::postgres
