// SPDX-License-Identifier: MIT
#include "agent/report/service_notify.hpp"

#include <array>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

TEST(ServiceNotify, ReachesTheSocketOfTheServiceManager) {
    const test::TemporaryFolder folder;
    const std::string path = folder.path() / "notify";
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size());
    ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);

    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    notify_service_manager("READY=1");
    ::unsetenv("NOTIFY_SOCKET");
    std::array<char, 32> text{};
    EXPECT_EQ(::recv(fd, text.data(), text.size(), MSG_DONTWAIT), 7);
    EXPECT_STREQ(text.data(), "READY=1");
    ::close(fd);
}

TEST(ServiceNotify, DoesNothingWithoutAServiceManager) {
    ::unsetenv("NOTIFY_SOCKET");
    notify_service_manager("READY=1");
    ::unsetenv("WATCHDOG_USEC");
    EXPECT_EQ(watchdog_interval(), std::nullopt);
}

TEST(ServiceNotify, ReadsTheIntervalOfTheWatchdog) {
    ::setenv("WATCHDOG_USEC", "30000000", 1);
    EXPECT_EQ(watchdog_interval(), std::chrono::seconds{30});
    ::setenv("WATCHDOG_USEC", "soon", 1);
    EXPECT_EQ(watchdog_interval(), std::nullopt);
    ::unsetenv("WATCHDOG_USEC");
}

}  // namespace
}  // namespace tollgate::agent
