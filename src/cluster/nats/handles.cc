#include "nats/handles.h"

#include <fmt/format.h>

#include <string>

#include "base/printable.h"

namespace gridloom::nats {
namespace {

ErrorCode code_of_jet_stream(int code) {
  switch (code) {
    case JSStreamWrongLastSequenceErr:
      return ErrorCode::kConflict;
    case JSNoMessageFoundErr:
    case JSStreamNotFoundErr:
    case JSConsumerNotFoundErr:
      return ErrorCode::kNotFound;
    case JSClusterNotAvailErr:
    case JSClusterNotLeaderErr:
    case JSClusterNoPeersErr:
    case JSStreamOfflineErr:
      return ErrorCode::kOffline;
    default:
      return ErrorCode::kIo;
  }
}

ErrorCode code_of_status(natsStatus status) {
  switch (status) {
    case NATS_TIMEOUT:
      return ErrorCode::kNoAnswer;
    case NATS_NO_RESPONDERS:
    case NATS_CONNECTION_CLOSED:
    case NATS_CONNECTION_DISCONNECTED:
    case NATS_STALE_CONNECTION:
    // The socket broke in a call, and the library's reading thread has not seen it yet.
    case NATS_IO_ERROR:
    case NATS_INSUFFICIENT_BUFFER:
    case NATS_DRAINING:
      return ErrorCode::kOffline;
    case NATS_NOT_FOUND:
      return ErrorCode::kNotFound;
    case NATS_NOT_PERMITTED:
    case NATS_CONNECTION_AUTH_FAILED:
      return ErrorCode::kNoPermission;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace

Error error_of(std::string_view doing, natsStatus status, int jet_stream_code) {
  natsStatus last = NATS_OK;
  const char* words = nats_GetLastError(&last);
  std::string why = natsStatus_GetText(status);
  // Below these words the library lists its own functions.
  if (words != nullptr && last == status && *words != '\0') why = printable(words);
  if (jet_stream_code != 0) why += fmt::format(" (JetStream {})", jet_stream_code);
  const bool is_answer = status == NATS_ERR && jet_stream_code != 0;
  const ErrorCode code = is_answer ? code_of_jet_stream(jet_stream_code) : code_of_status(status);
  return {.code = code, .detail = fmt::format("{}: {}", doing, why)};
}

}  // namespace gridloom::nats
