using System.ComponentModel;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Makes a model half as large with numbers of 16 bits. As storage, only constants are float16 (or bfloat16), each with a Cast to float32
/// that the runtime folds when it loads the model: the original speed, and arithmetic stays float32.
/// <code>
/// MatMul(x, w)  =>  MatMul(x, Cast(w16))
/// </code>
/// To compute, values and constants are float16 wherever numbers bear it, and what leaves its range stays float32 with as few Casts as can be.
/// <code>
/// Relu(MatMul(x, w))  =>  Cast(Relu(MatMul(Cast(x), w16)))
/// </code>
/// With data it measures what that loses at the outputs, and keeps the parts in float32 that lose most, until 50 dB are left or half of the noise
/// is that of stored constants.
/// On x86 the runtime has no float16 arithmetic and computes in float32 between Casts of its own: the second form is at most as fast there.
/// </summary>
[Description("Stores constants in 16 bits with a Cast back to float32: half the file at the original speed; or lets the model compute in float16.")]
public sealed class ConvertFloat16(ConvertFloat16Options options) : ISelectivePass, ICalibratedPass
{
    public NodeSelector Selector { get; } = new(options);

    /// <summary>Storage needs to know nothing but the constants.</summary>
    public bool LearnsFromData => options.Form == HalfForm.Compute;

    /// <summary>Without data it goes by what is known of operators.</summary>
    public bool RequiresData => false;

    public NumericEffect Effect => NumericEffect.Lossy;

    /// <exception cref="DiagnosticException">The runtime can't compute that way; nothing was changed.</exception>
    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        var constants = new HalfConstants(model, options.Type == HalfType.Float16 ? DataType.Float16 : DataType.BFloat16);
        if (options is { Form: HalfForm.Compute, Type: HalfType.Bfloat16 })
            throw new DiagnosticException(DiagnosticCatalog.BFloat16NotComputed,
                "ONNX Runtime's CPU provider has no arithmetic in bfloat16 and puts no Casts around it, so that the model would not load. "
                + "Take 'form: storage' with bfloat16, or 'type: float16'", options.Location);
        if (options.Form == HalfForm.Compute)
            new HalfCompute(options, Selector, constants, context).Run();
        new HalfStorage(options, Selector, constants, context).Run();
    }
}
