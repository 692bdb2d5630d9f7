#include "net/room.h"

#include <gtest/gtest.h>

namespace gridloom::net {
namespace {

// How many the listener may have open.
std::size_t fill(Room& room, std::size_t listener) {
  std::size_t open = 0;
  while (room.has_room(listener, open)) ++open;
  room.tell(listener, open);
  return open;
}

TEST(Room, OneListenerAloneMayHaveItAll) {
  Room room(1000);
  EXPECT_EQ(fill(room, room.join()), 1000);
}

TEST(Room, ACrowdAtOneListenerLeavesTheOthersTheirShare) {
  Room room(1000);
  const std::size_t crowded = room.join();
  const std::size_t quiet = room.join();
  const std::size_t later = room.join();
  EXPECT_EQ(fill(room, crowded), 800);
  EXPECT_EQ(fill(room, quiet), 100);
  EXPECT_EQ(fill(room, later), 100);
  EXPECT_EQ(fill(room, crowded), 800);
}

TEST(Room, WhatOneGivesBackIsAnybodys) {
  Room room(1000);
  const std::size_t first = room.join();
  const std::size_t second = room.join();
  room.tell(first, 600);
  EXPECT_EQ(fill(room, second), 400);
  room.tell(first, 300);
  EXPECT_EQ(fill(room, second), 700);
  room.tell(first, 0);
  EXPECT_EQ(fill(room, second), 900);
}

TEST(Room, WithoutAShareNobodyIsSureOfAnything) {
  Room room(5);
  const std::size_t first = room.join();
  const std::size_t second = room.join();
  EXPECT_EQ(fill(room, first), 5);
  EXPECT_EQ(fill(room, second), 0);
}

}  // namespace
}  // namespace gridloom::net
