// SPDX-License-Identifier: MIT
#include "agent/cli/caller.hpp"

#include <cstdlib>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace tollgate::cli {
namespace {

TEST(ParseSshConnection, ReadsClientAndServer) {
    const auto session = parse_ssh_connection("192.0.2.7 51514 192.0.2.10 22");
    ASSERT_TRUE(session);
    EXPECT_EQ(session->dump(),
              R"({"remote":"192.0.2.7","remotePort":51514,"local":"192.0.2.10","localPort":22})");
}

TEST(ParseSshConnection, TakesZonesAndMappedAddresses) {
    const auto session = parse_ssh_connection("fe80::1%eth0 51514 ::ffff:192.0.2.10 22");
    ASSERT_TRUE(session);
    EXPECT_EQ(text(*session, "remote"), "fe80::1");
    EXPECT_EQ(text(*session, "local"), "192.0.2.10");
}

TEST(ParseSshConnection, RefusesWhatIsNone) {
    for (const char* value : {"",
                              "192.0.2.7",
                              "192.0.2.7 51514 192.0.2.10",
                              "a 1 b 2",
                              "192.0.2.7 0 192.0.2.10 22",
                              "192.0.2.7 65536 192.0.2.10 22",
                              "192.0.2.7 51514 192.0.2.10 22x"}) {
        EXPECT_FALSE(parse_ssh_connection(value)) << value;
    }
}

TEST(ClientSession, FindsTheConnectionThatSudoRemovedInAnAncestor) {
    // The test runs itself with the variable set; there the child removes it, as sudo does.
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
    const std::string command = "SSH_CONNECTION='192.0.2.7 51514 192.0.2.10 22' " + program +
                                " --gtest_also_run_disabled_tests"
                                " --gtest_filter=ClientSession.DISABLED_BehindSudo >/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c)
}

TEST(ClientSession, DISABLED_BehindSudo) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::unsetenv("SSH_CONNECTION");
        const bool found = number(client_session(), "remotePort") == 51514;
        ::_exit(found ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace tollgate::cli
