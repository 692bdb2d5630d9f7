// The limits of the messages that wait, and the count of those that were dropped.
#include "client/message_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace gridloom::client {
namespace {

// The payloads that wait, in their order.
std::string payloads(MessageQueue& queue) {
  std::string all;
  for (; !queue.empty(); queue.pop()) all += queue.front().payload;
  return all;
}

TEST(MessageQueue, DropsTheOldestBeyondItsLimitsAndCountsThem) {
  struct Row {
    MessageQueue::Limits limits;
    std::string left;
    std::uint64_t dropped;
  };
  // Five messages of two bytes.
  for (const Row& row :
       {Row{{}, "12345", 0}, Row{{.messages = 5, .bytes = 10}, "12345", 0},
        Row{{.messages = 4, .bytes = 10}, "2345", 1}, Row{{.messages = 5, .bytes = 9}, "2345", 1},
        Row{{.messages = 1, .bytes = 10}, "5", 4}, Row{{.messages = 0, .bytes = 10}, "", 5},
        Row{{.messages = MessageQueue::kUnlimited, .bytes = 1}, "", 5}}) {
    MessageQueue queue(row.limits);
    for (const char* payload : {"1", "2", "3", "4", "5"}) {
      queue.push({.topic = "t", .payload = payload});
    }
    EXPECT_EQ(queue.size(), row.left.size());
    EXPECT_EQ(queue.bytes(), 2 * row.left.size());
    EXPECT_EQ(payloads(queue), row.left);
    EXPECT_EQ(queue.bytes(), 0U);
    EXPECT_EQ(queue.dropped(), row.dropped) << row.left;
  }
}

TEST(MessageQueue, MessagesThatAreClearedOrWereNeverQueuedCountAsDropped) {
  MessageQueue queue({});
  queue.push({.topic = "t", .payload = "1"});
  queue.push({.topic = "t", .payload = "2"});
  queue.count_dropped();
  queue.clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_EQ(queue.dropped(), 3U);
}

}  // namespace
}  // namespace gridloom::client
