using System.Text;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using ModelOptimizer.Onnx;
using ModelOptimizer.Onnx.Protos;
using ModelOptimizer.OnnxRuntime;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Conformance.Tests.Backend;

/// <summary>What goes in or comes out of a case: a tensor or a sequence of tensors, either of which may also be an optional's content.</summary>
internal sealed record CaseValue(bool IsSequence, IReadOnlyList<Tensor> Tensors)
{
    /// <summary>The number of the field <c>tensor_value(s)</c> in SequenceProto and OptionalProto alike.</summary>
    private const int TensorField = 3;

    /// <summary>The number of the field <c>sequence_value</c> in OptionalProto.</summary>
    private const int SequenceField = 5;

    /// <summary>The only tensor; null for a sequence.</summary>
    public Tensor? AsTensor => IsSequence ? null : Tensors[0];

    /// <summary>Reads the message that a value of this type is stored as.</summary>
    /// <exception cref="NotSupportedException">It is an empty optional, or something that the ONNX project has no tests of today.</exception>
    public static CaseValue Read(ByteString message, NodeMetadata type) => type.OnnxValueType switch
    {
        OnnxValueType.ONNX_TYPE_TENSOR => new(false, [As((DataType)type.ElementDataType, ReadTensor(message))]),
        OnnxValueType.ONNX_TYPE_SEQUENCE => new(true, [.. Fields(message, TensorField).Select(ReadTensor)]),
        OnnxValueType.ONNX_TYPE_OPTIONAL => ReadOptional(message, type.AsOptionalMetadata().ElementMeta),
        var other => throw new NotSupportedException($"a value of {other}"),
    };

    /// <summary>Copies what the runtime made.</summary>
    /// <exception cref="NotSupportedException">It is neither tensor nor sequence of tensors.</exception>
    public static CaseValue Of(OrtValue value)
    {
        if (value.OnnxType != OnnxValueType.ONNX_TYPE_SEQUENCE)
            return new(false, [ToTensor(value)]);
        var tensors = new List<Tensor>();
        for (var i = 0; i < value.GetValueCount(); i++)
        {
            using var element = value.GetValue(i, OrtAllocator.DefaultInstance);
            tensors.Add(ToTensor(element));
        }
        return new(true, tensors);
    }

    public OrtValue ToOrtValue() => IsSequence
        ? OrtValue.CreateSequence([.. Tensors.Select(OrtTensors.ToOrtValue)])
        : OrtTensors.ToOrtValue(Tensors[0]);

    private static CaseValue ReadOptional(ByteString message, NodeMetadata content)
    {
        var field = content.OnnxValueType == OnnxValueType.ONNX_TYPE_SEQUENCE ? SequenceField : TensorField;
        return Fields(message, field) is [var bytes] ? Read(bytes, content) : throw new NotSupportedException("an empty optional");
    }

    private static List<ByteString> Fields(ByteString message, int number)
    {
        var fields = new List<ByteString>();
        var input = message.CreateCodedInput();
        while (input.ReadTag() is not 0 and var tag)
            if (tag == WireFormat.MakeTag(number, WireFormat.WireType.LengthDelimited))
                fields.Add(input.ReadBytes());
            else
                input.SkipLastField();
        return fields;
    }

    private static Tensor ReadTensor(ByteString message) => new TensorReader(folder: null, modelPath: null).Read(TensorProto.Parser.ParseFrom(message));

    /// <summary>The tests' authors had no type for bfloat16 and stored its bits as uint16.</summary>
    private static Tensor As(DataType declared, Tensor stored) => declared == DataType.BFloat16 && stored.ElementType == DataType.UInt16
        ? Tensor.Create(declared, stored.Dimensions.AsSpan(), stored.AsSpan<ushort>().ToArray())
        : stored;

    private static Tensor ToTensor(OrtValue value) => value.IsTensor && value.GetTensorTypeAndShape().IsString
        ? ToStrings(value)
        : OrtTensors.ToTensor(value) ?? throw new NotSupportedException($"an output of {value.OnnxType}");

    private static InlineTensor ToStrings(OrtValue value) => new(new TensorProto
    {
        DataType = (int)DataType.String,
        Dims = { value.GetTensorTypeAndShape().Shape },
        StringData = { value.GetStringTensorAsArray().Select(text => ByteString.CopyFrom(text, Encoding.UTF8)) },
    });
}
