// The lock of the one server that may use a schema of the database: an advisory lock of a session
// of its own, with the holder's name beside it.
//
// It ends with the session, so that a server that was killed leaves nothing behind. A connection
// that is lost loses it: keep() takes it again, unless another server was faster.
// Thread rule: one thread at a time.
#pragma once

#include <stop_token>
#include <string>
#include <utility>

#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/settings.h"

namespace gridloom::postgres {

class ServerLock {
 public:
  struct Options {
    ConnectionSettings settings;
    std::string
        holder;  // for the message to another server: "gridloom 0.3.0, process 812 on host7"
    std::stop_token stop = {};
  };
  // kConflict: another server has had the lock for two seconds; the message names it and says since
  // when. kIo: the database is away.
  [[nodiscard]] static Result<ServerLock> take(Options options);

  // To be called every few seconds. kIo: the database is away, and whether the lock is still held
  // is not known. kConflict: another server has it, and this one must write nothing more.
  [[nodiscard]] Status keep();

 private:
  explicit ServerLock(Options options, Connection connection)
      : options_(std::move(options)), connection_(std::move(connection)) {}

  Options options_;
  Connection connection_;
};

}  // namespace gridloom::postgres
