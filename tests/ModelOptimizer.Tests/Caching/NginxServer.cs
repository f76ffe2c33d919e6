using System.Diagnostics;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Caching;

/// <summary>A real nginx, set up as the README says, in a folder of its own.</summary>
internal sealed partial class NginxServer : IDisposable
{
    /// <summary>May write.</summary>
    public const string User = "ci:secret";

    private static readonly string? Program =
        new[] { "/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/opt/homebrew/bin/nginx" }.FirstOrDefault(File.Exists);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("model-opt-nginx-");
    private readonly Process _process;

    /// <summary>Skips the test where there is no nginx.</summary>
    public NginxServer()
    {
        if (Program is null)
            Assert.Ignore("There is no nginx on this machine; 'apt-get install nginx' brings it");
        Port = StrictServer.FreePort();
        _folder.CreateSubdirectory("data");
        File.WriteAllText(Path.Combine(_folder.FullName, "htpasswd"), User.Replace(":", ":{PLAIN}", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(_folder.FullName, "nginx.conf"), Configuration());
        _process = Process.Start(Program!, ["-e", Path.Combine(_folder.FullName, "error.log"), "-p", _folder.FullName, "-c", "nginx.conf"]);
        WaitUntilItListens();
    }

    public int Port { get; }

    /// <summary>Where everybody may read.</summary>
    public string Url => $"http://127.0.0.1:{Port}/models";

    public string UrlOfUser => $"http://{User}@127.0.0.1:{Port}/models";

    /// <summary>What it keeps, as paths below the address.</summary>
    public IEnumerable<string> Files => Directory.GetFiles(Root, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Root, file));

    public string Root => Path.Combine(_folder.FullName, "data", "models");

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private string Configuration() => $$"""
        {{(Environment.UserName == "root" ? "user root;" : "")}}
        daemon off;
        pid nginx.pid;
        events {}
        http {
          access_log off;
          proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
          server {
            listen 127.0.0.1:{{Port}};
            location / { return 405; }
            {{Documented()}}
          }
        }
        """;

    private string Documented() => Snippet().Match(File.ReadAllText(Path.Combine(Repository.Root, "README.md"))).Groups[1].Value
        .Replace("/var/cache", Path.Combine(_folder.FullName, "data"), StringComparison.Ordinal)
        .Replace("/etc/nginx/ci.htpasswd", Path.Combine(_folder.FullName, "htpasswd"), StringComparison.Ordinal);

    private void WaitUntilItListens()
    {
        for (var end = DateTime.UtcNow.AddSeconds(20); ; Thread.Sleep(20))
            try
            {
                new TcpClient("127.0.0.1", Port).Dispose();
                return;
            }
            catch (SocketException)
            {
                Assert.That(DateTime.UtcNow < end && !_process.HasExited, "nginx didn't start");
            }
    }

    [GeneratedRegex("```nginx\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Snippet();
}
