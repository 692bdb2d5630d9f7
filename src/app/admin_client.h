// The other end of administration (app/admin.h): what commands ask of a data folder, whether a
// server runs there or not. One thread at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

// What a running server answers to an operation that goes on until somebody ends it: an outcome, as
// of administer(), and lines. One thread.
class AdminStream {
 public:
  // kConflict: no server runs there; otherwise the operation's faults.
  [[nodiscard]] static Result<AdminStream> open(const std::filesystem::path& data_folder,
                                                const wire::JsonObject& request);
  AdminStream(AdminStream&&) noexcept;
  AdminStream& operator=(AdminStream&&) = delete;
  AdminStream(const AdminStream&) = delete;
  AdminStream& operator=(const AdminStream&) = delete;
  ~AdminStream();

  [[nodiscard]] const wire::Json& outcome() const;
  // Readable when more has come, or the server has ended it.
  [[nodiscard]] int fd() const;
  // What has come since, whole lines; waits if nothing has. kIo: the server has ended it.
  [[nodiscard]] Result<std::vector<std::string>> read();
  // Asks the server to end it; what it still has to say can be read.
  void end() const;

 private:
  struct Impl;
  explicit AdminStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Asks the running server of a data folder, or does it here if none runs. Waits for a moment while
// another command works on the folder, or a server starts or stops. kIo: the server gave no answer;
// the words say how to find out whether a change was made.
[[nodiscard]] Result<wire::Json> ask_admin(const std::filesystem::path& data_folder,
                                           const wire::JsonObject& request);

// Says on standard error what the answer to a change warns of: that the change is made, but the
// audit could not be written. The exit code of the command.
[[nodiscard]] int report_warning(const wire::Json& answer);

}  // namespace gridloom::app
