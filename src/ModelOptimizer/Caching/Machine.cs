using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace ModelOptimizer.Caching;

/// <summary>The kind of machine, as far as kernels choose by it: others round sums otherwise, and with them ranges and metrics.</summary>
internal static class Machine
{
    public static string Tag { get; } = string.Join(' ', [System, RuntimeInformation.ProcessArchitecture.ToString(), .. InstructionSets()]);

    private static string System => OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";

    private static IEnumerable<string> InstructionSets() =>
        new (string Name, bool IsSupported)[]
        {
            ("avx", Avx.IsSupported), ("fma", Fma.IsSupported), ("avx2", Avx2.IsSupported), ("avx-vnni", AvxVnni.IsSupported),
            ("avx512f", Avx512F.IsSupported), ("avx512bw", Avx512BW.IsSupported), ("avx512vbmi", Avx512Vbmi.IsSupported),
            ("avx10", Avx10v1.IsSupported),
            // Without it products of U8 and S8 saturate: ranges and metrics differ by far more than rounding.
            ("avx512-vnni", Avx512F.IsSupported && (Leaf7().Ecx >> 11 & 1) != 0), ("amx-int8", (Leaf7().Edx >> 25 & 1) != 0),
            ("neon", AdvSimd.IsSupported), ("dp", Dp.IsSupported), ("sve", HasSve),
        }.Where(set => set.IsSupported).Select(set => set.Name);

    /// <summary>The class is a preview; that it tells the CPU is not.</summary>
#pragma warning disable SYSLIB5003
    private static bool HasSve => Sve.IsSupported;
#pragma warning restore SYSLIB5003

    /// <summary>Extensions that .NET has no class for.</summary>
    private static (int Ecx, int Edx) Leaf7() =>
        X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && X86Base.CpuId(7, 0) is var leaf ? (leaf.Ecx, leaf.Edx) : default;
}
