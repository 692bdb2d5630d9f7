// The common base of Connection, CopyIn and Pipeline: libpq's handle without blocking calls, its
// socket with a wakeup, and the prepared statements. Internal to this room.
//
// Thread rule: as for Connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "base/string_map.h"
#include "postgres/connection.h"

namespace gridloom::postgres {

// The names under which a session has prepared statements, by their text and types. Internal to
// this room.
//
// Thread rule: as for Connection.
class PreparedNames {
 public:
  struct Name {
    std::string text;
    bool is_new = false;
  };
  // The name of the statement that the key stands for: the one that it has, or a new one.
  [[nodiscard]] Name name_of(std::string_view key);
  // It was not prepared, and gets another name at its next use.
  void forget(std::string_view name);

 private:
  StringMap<std::string> names_;
  std::size_t next_ = 1;
};

}  // namespace gridloom::postgres

struct pg_conn;
struct pg_result;

namespace gridloom::postgres {

struct ClearResult {
  void operator()(pg_result* result) const;
};
using ResultPtr = std::unique_ptr<pg_result, ClearResult>;

class Session {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  Session(Connection::Options options, std::string schema);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() = default;

  [[nodiscard]] Status connect(const ConnectionSettings& settings, std::size_t host);
  // Closes the socket: every later call fails.
  void lose() { handle_.reset(); }

  [[nodiscard]] pg_conn* handle() const { return handle_.get(); }
  [[nodiscard]] bool is_alive() const;
  [[nodiscard]] const Connection::Options& options() const { return options_; }
  [[nodiscard]] const std::string& schema() const { return schema_; }
  [[nodiscard]] Failure last_failure() const { return last_failure_; }

  // Begins a call: its deadline starts, and what a posted script has left is read. kIo: the
  // connection is lost.
  [[nodiscard]] Status begin_call();
  // A script was sent whose results nobody has read.
  void set_posted() { has_posted_ = true; }
  // Sends what libpq has buffered, and takes what comes meanwhile.
  [[nodiscard]] Status flush();
  // Null: the command is done.
  [[nodiscard]] Result<ResultPtr> next_result();
  // Reads all results of a command. Returns the last one, or the first error.
  [[nodiscard]] Result<ResultPtr> collect();
  // Fails if the result is an error.
  [[nodiscard]] Status check(const pg_result* result);
  // Reads what is left of a command whose rows are not wanted.
  void discard_results();

  // The name of the prepared statement for this text and these types; sends the preparation, whose
  // answer the caller reads, if it is new.
  [[nodiscard]] Result<PreparedNames::Name> send_prepare(std::string_view sql,
                                                         const Values& values);
  // The preparation failed: it is sent again at the next use.
  void forget(const std::string& name) { prepared_.forget(name); }
  [[nodiscard]] Status send_prepared(const std::string& name, const Values& values);
  // Both, and the answer of the preparation between them.
  [[nodiscard]] Status send_query(std::string_view sql, const Values& values);

  // Waits for the socket until the deadline. True: it can be read. kIo: a stop is requested; with
  // `at_end` kLose, also the deadline.
  enum class AtEnd : std::uint8_t { kLose, kReturn };
  [[nodiscard]] Result<bool> wait_to_read(Moment deadline, AtEnd at_end);

  // The error of a call that libpq refused; a lost connection if its socket is.
  [[nodiscard]] std::unexpected<Error> failed();
  [[nodiscard]] std::unexpected<Error> failed(std::string_view sqlstate, std::string_view message);

 private:
  struct Finish {
    void operator()(pg_conn* handle) const;
  };
  struct Wake {
    const FileDescriptor* event;
    void operator()() const;
  };
  // Waits for poll()'s `events`; returns those that are there, or 0 at the deadline.
  [[nodiscard]] Result<short> wait(short events, Moment deadline);
  [[nodiscard]] std::unexpected<Error> timed_out();

  const Connection::Options options_;
  const std::string schema_;
  std::unique_ptr<pg_conn, Finish> handle_;
  FileDescriptor event_;  // readable once a stop is requested
  std::optional<std::stop_callback<Wake>> on_stop_;
  Moment deadline_{};  // of the call
  bool has_posted_ = false;
  Failure last_failure_ = Failure::kNone;
  PreparedNames prepared_;
};

struct Connection::State : Session {
  using Session::Session;
};

}  // namespace gridloom::postgres
