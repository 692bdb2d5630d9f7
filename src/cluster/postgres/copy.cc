#include "postgres/copy.h"

#include <libpq-fe.h>

#include <array>

#include "postgres/session.h"

namespace gridloom::postgres {
namespace {

using namespace std::string_view_literals;

// The signature, no flags, no extension (PostgreSQL's manual, COPY, Binary Format).
constexpr std::string_view kHeader = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"sv;
constexpr std::string_view kTrailer = "\377\377"sv;
constexpr std::size_t kSendAbove_bytes = std::size_t{64} * 1024;

}  // namespace

CopyIn::~CopyIn() {
  if (!is_open_ || !connection_->is_alive()) return;
  if (::PQputCopyEnd(connection_->state_->handle(), "it was given up") == 1) {
    connection_->state_->discard_results();
  }
}

Status CopyIn::begin(std::string_view statement) {
  Session& session = *connection_->state_;
  GL_TRY(session.begin_call());
  if (::PQsendQuery(session.handle(), std::string(statement).c_str()) == 0) return session.failed();
  GL_TRY(const ResultPtr started, session.collect());
  if (::PQresultStatus(started.get()) != PGRES_COPY_IN) {
    return fail(ErrorCode::kInternal, "the statement is no COPY FROM STDIN");
  }
  is_open_ = true;
  buffer_ = kHeader;
  return {};
}

Status CopyIn::row_of(const Values& values) {
  const auto count = static_cast<unsigned>(values.size());
  buffer_.push_back(static_cast<char>(count >> 8U));
  buffer_.push_back(static_cast<char>(count & 0xffU));
  buffer_.append(values.fields());
  return buffer_.size() < kSendAbove_bytes ? Status() : send();
}

Status CopyIn::send() {
  Session& session = *connection_->state_;
  if (!is_open_ || !session.is_alive()) return session.failed();
  if (::PQputCopyData(session.handle(), buffer_.data(), static_cast<int>(buffer_.size())) != 1) {
    return session.failed();
  }
  buffer_.clear();
  return session.flush();
}

Result<std::int64_t> CopyIn::finish() {
  Session& session = *connection_->state_;
  buffer_.append(kTrailer);
  GL_TRY(send());
  is_open_ = false;
  if (::PQputCopyEnd(session.handle(), nullptr) != 1) return session.failed();
  GL_TRY(ResultPtr done, session.collect());
  return Rows(done.release()).changed();
}

}  // namespace gridloom::postgres
