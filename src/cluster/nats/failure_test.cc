#include "nats/handles.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

namespace gridloom::nats {
namespace {

struct Case {
  std::string_view name;
  natsStatus status;
  int jet_stream_code;
  ErrorCode code;
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }

class Failures : public testing::TestWithParam<Case> {};

TEST_P(Failures, HaveACodeThatSaysWhetherToTryAgain) {
  const Error error = error_of("publish", GetParam().status, GetParam().jet_stream_code);
  EXPECT_EQ(error.code, GetParam().code) << error.detail;
  EXPECT_TRUE(error.detail.starts_with("publish: ")) << error.detail;
}

INSTANTIATE_TEST_SUITE_P(
    Nats, Failures,
    testing::Values(Case{"no_answer", NATS_TIMEOUT, 0, ErrorCode::kNoAnswer},
                    Case{"broken_socket", NATS_IO_ERROR, 0, ErrorCode::kOffline},
                    Case{"disconnected", NATS_CONNECTION_DISCONNECTED, 0, ErrorCode::kOffline},
                    Case{"full_buffer", NATS_INSUFFICIENT_BUFFER, 0, ErrorCode::kOffline},
                    Case{"nobody_there", NATS_NO_RESPONDERS, 0, ErrorCode::kOffline},
                    Case{"refused", NATS_NOT_PERMITTED, 0, ErrorCode::kNoPermission},
                    Case{"another_last_message", NATS_ERR, JSStreamWrongLastSequenceErr,
                         ErrorCode::kConflict},
                    Case{"no_leader", NATS_ERR, JSClusterNotLeaderErr, ErrorCode::kOffline},
                    Case{"no_stream", NATS_ERR, JSStreamNotFoundErr, ErrorCode::kNotFound},
                    Case{"anything_else", NATS_ERR, 0, ErrorCode::kIo}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace gridloom::nats
