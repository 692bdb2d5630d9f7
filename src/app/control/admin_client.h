// The client side of administration (app/operations/run.h): sends the requests of commands to a
// data folder, whether a server runs on the folder or not. One thread at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/control/local_socket.h"
#include "app/control/streams.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

// The answer of a running server to an operation that streams: an outcome, as from
// operations::administer(), followed by lines until one side ends it, or by the chunks of a text.
// One thread.
class AdminStream {
 public:
  // kConflict: no server runs on the folder; otherwise the errors of the operation.
  [[nodiscard]] static Result<AdminStream> open(const std::filesystem::path& data_folder,
                                                const wire::JsonObject& request);
  // The same on a connection to the server.
  [[nodiscard]] static Result<AdminStream> open(Socket server, const wire::JsonObject& request);
  AdminStream(AdminStream&&) noexcept;
  AdminStream& operator=(AdminStream&&) = delete;
  AdminStream(const AdminStream&) = delete;
  AdminStream& operator=(const AdminStream&) = delete;
  ~AdminStream();

  [[nodiscard]] const wire::Json& outcome() const;
  // Readable when more lines have arrived, or the server has ended the stream.
  [[nodiscard]] int fd() const;
  // Returns the complete lines that have arrived since the last call; waits if there are none. kIo:
  // the server has ended the stream.
  [[nodiscard]] Result<std::vector<std::string>> read();
  // Returns the next chunk; waits for it. Empty: the text is complete. kIo: the server went away
  // before that; otherwise the error that ended the text.
  [[nodiscard]] Result<std::string> read_chunk();
  // Asks the server to end the stream; lines that are still on their way can be read.
  void end() const;

 private:
  struct Impl;
  [[nodiscard]] Status receive();
  explicit AdminStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Sends the request to the running server of a data folder, or carries it out in this process if
// none runs, unless only a running node can: then with the families of the folder `devices` as
// well, as a server that is started with --devices; empty: only those in the program. Waits for a
// moment while another command works on the folder, or a server starts or stops. kIo: the server
// gave no answer; the error text says how to find out whether a change was made.
[[nodiscard]] Result<wire::Json> ask_admin(const std::filesystem::path& data_folder,
                                           const wire::JsonObject& request,
                                           const std::filesystem::path& devices = {});

// The same for {"op":"history",..}, whose answer is a text: `on_chunk` takes it chunk by chunk, on
// this thread; an error of it ends the operation on the server too, and is returned.
[[nodiscard]] Status ask_history(const std::filesystem::path& data_folder,
                                 const wire::JsonObject& request,
                                 const std::filesystem::path& devices, const OnChunk& on_chunk);

// The help of the option --devices of a command that calls ask_admin().
inline constexpr std::string_view kDevicesOfStoppedServer =
    "Folder with additional device files, for a stopped server; a running one has its own";

// Prints the warning in the answer to a change, if there is one, on standard error: the audit could
// not be written. The change was made, so the command succeeded.
void print_warning(const wire::Json& answer);

}  // namespace gridloom::app
