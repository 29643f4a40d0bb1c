// A server that starts anew where its configuration has other addresses: what it listens at already
// stays open without a gap, what is new is opened, and a port of its own is no obstacle.
#include "app/listeners.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "http/listener.h"

namespace vams::app {

namespace {

using http::ListenAddress;

std::uint16_t PortOf(int socket) {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size), 0);
  return ntohs(at.sin_port);
}

bool SameSocket(int a, int b) {
  struct stat x {
  }, y{};
  return ::fstat(a, &x) == 0 && ::fstat(b, &y) == 0 && x.st_ino == y.st_ino;
}

class ListenersTest : public ::testing::Test {
 protected:
  // Listens at a free port of 127.0.0.1; the address as it is then.
  ListenAddress Inherit() {
    http::ServerOptions options;
    options.addresses = {{"127.0.0.1", 0}};
    auto opened = http::OpenListeners(options);
    EXPECT_TRUE(opened.ok());
    const ListenAddress bound = opened->front().bound;
    inherited_.listeners.push_back(std::move(opened->front().socket));
    inherited_.addresses.push_back(ToText(bound));
    return bound;
  }

  Inherited inherited_;
};

TEST_F(ListenersTest, OfTheSameAddressesAllStay) {
  const auto first = Inherit(), second = Inherit();

  const auto listeners = ListenersFor({first, second}, inherited_);

  ASSERT_TRUE(listeners.ok());
  ASSERT_EQ(listeners->size(), 2U);
  EXPECT_TRUE(SameSocket((*listeners)[1]->get(), inherited_.listeners[1].get()));
}

TEST_F(ListenersTest, WithoutKnownAddressesAllStay) {
  (void)Inherit();
  inherited_.addresses.clear();

  const auto listeners = ListenersFor({{"127.0.0.1", 1}}, inherited_);

  ASSERT_TRUE(listeners.ok());
  ASSERT_EQ(listeners->size(), 1U);
  EXPECT_TRUE(SameSocket(listeners->front()->get(), inherited_.listeners[0].get()));
}

TEST_F(ListenersTest, WhatIsStillWantedStaysAndWhatIsNewIsOpened) {
  const auto gone = Inherit(), kept = Inherit();

  const auto listeners = ListenersFor({kept, {"127.0.0.1", 0}}, inherited_);

  ASSERT_TRUE(listeners.ok());
  ASSERT_EQ(listeners->size(), 2U);
  EXPECT_TRUE(SameSocket((*listeners)[0]->get(), inherited_.listeners[1].get()));
  EXPECT_NE(PortOf((*listeners)[1]->get()), gone.port);
  EXPECT_EQ(inherited_.listeners.size(), 2U) << "for the case that the start fails";
}

TEST_F(ListenersTest, AnAddressWithAnyPortKeepsThePortItHas) {
  const auto had = Inherit();
  inherited_.addresses = {"127.0.0.1:0"};

  const auto listeners = ListenersFor({{"127.0.0.1", 0}, {"127.0.0.2", 0}}, inherited_);

  ASSERT_TRUE(listeners.ok()) << listeners.error().message;
  EXPECT_EQ(PortOf((*listeners)[0]->get()), had.port);
}

TEST_F(ListenersTest, AnotherHostAtTheSamePortTakesTheSocketsPlace) {
  const auto had = Inherit();

  const auto listeners = ListenersFor({{"0.0.0.0", had.port}}, inherited_);

  ASSERT_TRUE(listeners.ok()) << listeners.error().message;
  ASSERT_EQ(listeners->size(), 1U);
  EXPECT_EQ(PortOf(listeners->front()->get()), had.port);
  EXPECT_TRUE(inherited_.listeners.empty());
}

TEST_F(ListenersTest, AnAddressThatCannotBeHadIsAnErrorAndTheOldOnesStay) {
  (void)Inherit();
  http::ServerOptions options;
  options.addresses = {{"127.0.0.1", 0}};
  const auto busy = http::OpenListeners(options);
  ASSERT_TRUE(busy.ok());

  const auto listeners = ListenersFor({busy->front().bound}, inherited_);

  ASSERT_FALSE(listeners.ok());
  EXPECT_EQ(listeners.error().code, Code::kUnavailable);
  EXPECT_EQ(inherited_.listeners.size(), 1U);
}

}  // namespace

}  // namespace vams::app
